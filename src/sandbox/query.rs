//! Queries, read as strictly as the vendor's document describes them.

use url::form_urlencoded;

use super::answer::Invalid;
use super::seed::AccountStatus;

/// The largest page there is.
const LARGEST_PAGE: usize = 250;

/// A page that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub number: usize,
    pub size: usize,
}

/// A list of accounts that was asked for.
#[derive(Debug)]
pub(super) struct AccountsQuery {
    pub page: Page,
    pub sort: Option<Sort>,
    pub include_cancelled: bool,
    pub email: TextFilter,
    pub name: TextFilter,
    pub status: Option<StatusFilter>,
}

/// A list of users that was asked for.
#[derive(Debug)]
pub(super) struct UsersQuery {
    pub page: Page,
    pub include_groups: bool,
    pub status: Option<String>,
    pub email: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    CreatedAt,
    Email,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusFilter {
    All,
    Active,
    One(AccountStatus),
}

/// A text that must be equal to, or hold, another.
#[derive(Debug, Default)]
pub(super) struct TextFilter {
    eq: Option<String>,
    contains: Option<String>,
}

impl TextFilter {
    pub(super) fn takes(&self, text: &str) -> bool {
        let holds = |part: &String| text.to_lowercase().contains(&part.to_lowercase());
        self.eq.as_ref().is_none_or(|eq| eq == text) && self.contains.as_ref().is_none_or(holds)
    }
}

/// A query, read parameter by parameter: every invalid one is told.
struct Parameters {
    pairs: Vec<(String, String)>,
    problems: Vec<Invalid>,
}

pub(super) fn accounts(query: &str) -> Result<AccountsQuery, Vec<Invalid>> {
    let mut parameters = Parameters::read(query);
    let known = [
        "filter[email][eq]",
        "filter[email][contains]",
        "filter[organization_name][eq]",
        "filter[organization_name][contains]",
        "filter[status][eq]",
    ];
    parameters.known_filters(&known);
    let parsed = AccountsQuery {
        page: parameters.page(20),
        sort: parameters.choice("sort", &[("created_at", Sort::CreatedAt), ("email", Sort::Email)]),
        include_cancelled: parameters.flag("include_cancelled_accounts"),
        email: parameters.text_filter("email"),
        name: parameters.text_filter("organization_name"),
        status: parameters.choice(
            "filter[status][eq]",
            &[
                ("all", StatusFilter::All),
                ("active", StatusFilter::Active),
                ("enabled", StatusFilter::One(AccountStatus::Enabled)),
                ("disabled", StatusFilter::One(AccountStatus::Disabled)),
                ("blocked", StatusFilter::One(AccountStatus::Blocked)),
                ("cancelled", StatusFilter::One(AccountStatus::Cancelled)),
            ],
        ),
    };
    parameters.done(parsed)
}

pub(super) fn users(query: &str) -> Result<UsersQuery, Vec<Invalid>> {
    let mut parameters = Parameters::read(query);
    parameters.known_filters(&["filter[user_status]", "filter[email]"]);
    let statuses = ["enabled", "disabled", "blocked"].map(|status| (status, status.to_owned()));
    let parsed = UsersQuery {
        page: parameters.page(LARGEST_PAGE),
        include_groups: parameters.flag("include_groups"),
        status: parameters.choice("filter[user_status]", &statuses),
        email: parameters.text("filter[email]"),
    };
    parameters.done(parsed)
}

/// The one parameter that reading a single user has.
pub(super) fn include_groups(query: &str) -> Result<bool, Vec<Invalid>> {
    let mut parameters = Parameters::read(query);
    let flag = parameters.flag("include_groups");
    parameters.done(flag)
}

impl Parameters {
    fn read(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { pairs, problems: Vec::new() }
    }

    fn done<T>(self, parsed: T) -> Result<T, Vec<Invalid>> {
        if self.problems.is_empty() { Ok(parsed) } else { Err(self.problems) }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn refuse(&mut self, name: &str, detail: impl Into<String>) {
        self.problems.push(Invalid::parameter(name, detail));
    }

    /// Filters and pages know no other members; other parameters are passed over.
    fn known_filters(&mut self, known: &[&str]) {
        let unknown = |name: &&String| {
            let pages = ["page[number]", "page[size]"];
            let ours = name.starts_with("filter") || name.starts_with("page");
            ours && !known.contains(&name.as_str()) && !pages.contains(&name.as_str())
        };
        let names: Vec<String> =
            self.pairs.iter().map(|(name, _)| name).filter(unknown).cloned().collect();
        for name in names {
            self.refuse(&name, "This parameter is not known.");
        }
    }

    fn page(&mut self, usual: usize) -> Page {
        let number = self.number("page[number]", usize::MAX).unwrap_or(1);
        let size = self.number("page[size]", LARGEST_PAGE).unwrap_or(usual);
        Page { number, size }
    }

    fn number(&mut self, name: &str, largest: usize) -> Option<usize> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|number| (1..=largest).contains(number));
        if number.is_none() {
            self.refuse(name, format!("Must be a whole number from 1 to {largest}."));
        }
        number
    }

    fn flag(&mut self, name: &str) -> bool {
        self.choice(name, &[("true", true), ("false", false)]).unwrap_or(false)
    }

    fn choice<T: Clone>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let chosen =
            choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| choice.clone());
        if chosen.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.refuse(name, format!("Must be one of: {}.", words.join(", ")));
        }
        chosen
    }

    fn text_filter(&mut self, field: &str) -> TextFilter {
        let eq = self.text(&format!("filter[{field}][eq]"));
        let name = format!("filter[{field}][contains]");
        let contains = self.text(&name);
        if contains.as_ref().is_some_and(|part| part.chars().count() < 3) {
            self.refuse(&name, "Requires at least three characters.");
        }
        TextFilter { eq, contains }
    }
}
