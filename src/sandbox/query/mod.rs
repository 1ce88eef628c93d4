//! Strict parsing of queries: a bad value or an unknown `filter[…]` is a fault. Other unknown parameters are
//! ignored. Brackets may be percent-encoded.

mod accounts;
mod users;

use url::form_urlencoded;

use super::fault::{Refusal, RequestFault};

pub(super) use accounts::AccountQuery;
pub(super) use users::{UserQuery, include_groups};

/// The maximum page size.
const MAX_PAGE: u64 = 250;

/// The requested page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageRequest {
    pub(super) number: u64,
    pub(super) size: u64,
}

/// The parameters of a query, each read at most once.
struct Parameters {
    unread: Vec<(String, String)>,
    faults: Vec<RequestFault>,
}

impl Parameters {
    fn parse(query: &str) -> Self {
        let unread = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { unread, faults: Vec::new() }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let at = self.unread.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.unread.remove(at);
        if self.unread.iter().any(|(key, _)| key == name) {
            self.unread.retain(|(key, _)| key != name);
            self.refuse(name, "is given more than once");
        }
        Some(value)
    }

    fn boolean(&mut self, name: &str) -> Option<bool> {
        self.one_of(name, &[("true", true), ("false", false)])
    }

    fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let choice = choices.iter().find(|(word, _)| *word == text);
        if choice.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.refuse(name, &format!("must be one of: {}", words.join(", ")));
        }
        choice.map(|(_, value)| *value)
    }

    fn page(&mut self, default_size: u64) -> PageRequest {
        let number = self.integer("page[number]", u64::MAX).unwrap_or(1);
        let size = self.integer("page[size]", MAX_PAGE).unwrap_or(default_size);
        PageRequest { number, size }
    }

    /// Reads an integer from 1 to `max`. Without a maximum, a number beyond `u64` counts as the largest.
    fn integer(&mut self, name: &str, max: u64) -> Option<u64> {
        let text = self.text(name)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().or((digits && max == u64::MAX).then_some(u64::MAX));
        let number = number.filter(|number| digits && (1..=max).contains(number));
        if number.is_none() {
            let upper = if max == u64::MAX { String::new() } else { format!(" to {max}") };
            self.refuse(name, &format!("must be an integer from 1{upper}"));
        }
        number
    }

    /// Refuses unread parameters of a family such as `filter` and `filter[…]`.
    fn refuse_rest_of(&mut self, family: &str) {
        let member = |key: &str| {
            key.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        let rest: Vec<_> =
            self.unread.iter().map(|(key, _)| key.clone()).filter(|key| member(key)).collect();
        for key in rest {
            self.refuse(&key, "is not a known parameter");
        }
    }

    fn refuse(&mut self, name: &str, why: &str) {
        self.faults.push(RequestFault::parameter(name, format!("{name} {why}.")));
    }

    fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(query: &str) -> Vec<String> {
        match AccountQuery::parse(query) {
            Err(Refusal::Invalid(faults)) => faults.into_iter().map(|fault| fault.detail).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn brackets_may_be_escaped_or_not() {
        for query in ["page[size]=3&page[number]=2", "page%5Bsize%5D=3&page%5bnumber%5d=2"] {
            let parsed = AccountQuery::parse(query).expect("it is valid");
            assert_eq!(parsed.page, PageRequest { number: 2, size: 3 });
        }
    }

    #[test]
    fn every_fault_of_a_query_is_reported() {
        let query = "page[size]=251&page[number]=0&sort=-email&filter[email][contains]=ab&filter[status][eq]=odd\
                     &filter[colour][eq]=red&include_cancelled_accounts=yes";
        assert_eq!(faults(query).len(), 7, "{:?}", faults(query));
    }

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        for bad in ["", "%2B5", "-1", "1.0", "1e2", "0x1", "0", "000"] {
            assert_eq!(faults(&format!("page[number]={bad}")).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_page_number_of_any_length_is_a_page() {
        let query = "page[number]=60580617937849456896552552719072624640";
        assert!(UserQuery::parse(query).is_ok_and(|parsed| parsed.page.number == u64::MAX));
        assert_eq!(faults("page[size]=60580617937849456896552552719072624640").len(), 1);
    }

    #[test]
    fn unknown_parameters_are_ignored_unless_they_filter() {
        assert!(AccountQuery::parse("colour=red&page[colour]=red").is_ok());
        assert_eq!(faults("filter=x").len(), 1);
        assert!(UserQuery::parse("filter[email][eq]=x").is_err());
    }
}
