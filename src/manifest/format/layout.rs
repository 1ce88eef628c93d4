//! The layout of a file: rows with their comments, and values as written.

/// The layout of a file.
#[derive(Debug)]
pub(super) struct LayoutFile<'a> {
    /// The lines before the first field: comments, and perhaps `---`.
    pub head: Vec<&'a str>,
    pub root: LayoutBlock<'a>,
}

/// The fields of a map or the items of a list, one per line.
#[derive(Debug, Default)]
pub(super) struct LayoutBlock<'a> {
    pub rows: Vec<LayoutRow<'a>>,
    /// The comments below the last row.
    pub tail: Vec<CommentLine<'a>>,
}

/// A field or an item.
#[derive(Debug)]
pub(super) struct LayoutRow<'a> {
    /// The comments above it.
    pub lead: Vec<CommentLine<'a>>,
    /// True if there is an empty line above.
    pub blank: bool,
    /// The name of a field as written, or `None` for an item.
    pub key: Option<&'a str>,
    pub value: RowValue<'a>,
    /// The comment at the end of the line.
    pub trailing: Option<&'a str>,
}

/// A comment on a separate line.
#[derive(Debug)]
pub(super) struct CommentLine<'a> {
    pub text: &'a str,
    /// True if there is an empty line above.
    pub blank: bool,
    pub column: usize,
}

/// A value as written.
#[derive(Debug)]
pub(super) enum RowValue<'a> {
    Map(LayoutBlock<'a>),
    List(LayoutBlock<'a>),
    /// A value on one line.
    Inline(String),
    /// A value over several lines, or with an anchor or a tag, and the column of its field or dash.
    Raw(&'a str, usize),
}
