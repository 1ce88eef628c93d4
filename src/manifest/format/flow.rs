//! Parsing the layout of values in brackets.

use super::events::{Token, TokenKind};
use super::order::LayoutSection;
use super::syntax::{LayoutParser, bare};

impl LayoutParser<'_> {
    /// Skips the contents of a map or a list, and returns their end.
    pub(super) fn skip(&mut self) -> Option<usize> {
        let mut depth = 1;
        let mut end = 0;
        while depth > 0 {
            let token = self.next()?;
            match token.kind {
                TokenKind::Map(_) | TokenKind::List(_) | TokenKind::Tagged => depth += 1,
                TokenKind::End => depth -= 1,
                TokenKind::Comment
                | TokenKind::Alias
                | TokenKind::Scalar(_)
                | TokenKind::DocumentEnd
                | TokenKind::Other => {}
            }
            // An end without a bracket extends to the next token.
            if token.kind != TokenKind::Comment
                && (token.kind != TokenKind::End || token.end > token.start)
            {
                end = end.max(token.end);
            }
        }
        Some(end)
    }

    /// Returns true if a value in brackets is on one line, without comments, anchors, aliases and tags.
    pub(super) fn is_plain(&self, begin: usize, range: std::ops::Range<usize>) -> bool {
        let plain = |token: &Token| {
            matches!(
                token.kind,
                TokenKind::Scalar(true)
                    | TokenKind::Map(true)
                    | TokenKind::List(true)
                    | TokenKind::End
            )
        };
        !self.text[range].contains(['\n', '\r']) && self.events[begin..self.at].iter().all(plain)
    }

    /// Writes a value in brackets, with its fields in order.
    pub(super) fn flow(&mut self, section: LayoutSection) -> Option<String> {
        let token = self.next()?;
        match token.kind {
            TokenKind::List(true) => {
                let mut items = Vec::new();
                while self.peek()?.kind != TokenKind::End {
                    items.push(self.flow(section)?);
                }
                self.at += 1;
                Some(format!("[{}]", items.join(", ")))
            }
            TokenKind::Map(true) => {
                let mut fields = Vec::new();
                while self.peek()?.kind != TokenKind::End {
                    let name = self.flow(LayoutSection::Other)?;
                    let value = self.flow(section.of(bare(&name)))?;
                    fields.push((section.index(bare(&name)), format!("{name}: {value}")));
                }
                self.at += 1;
                fields.sort_by_key(|(index, _)| *index);
                let fields: Vec<String> = fields.into_iter().map(|(_, field)| field).collect();
                let empty = fields.is_empty();
                Some(if empty { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) })
            }
            TokenKind::Scalar(true) => Some(self.text[token.start..token.end].to_owned()),
            TokenKind::Comment
            | TokenKind::Alias
            | TokenKind::Scalar(false)
            | TokenKind::Map(false)
            | TokenKind::List(false)
            | TokenKind::Tagged
            | TokenKind::End
            | TokenKind::DocumentEnd
            | TokenKind::Other => None,
        }
    }
}
