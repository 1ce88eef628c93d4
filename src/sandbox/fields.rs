//! The body of a request: its fields, and all its faults.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::fault::{FaultKind, FaultLocation, Refusal, RequestFault};

/// The maximum size of a body.
pub(super) const MAX_BODY: usize = 1 << 20;

/// Parses the object in a body.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Err(RequestFault::whole("A body is required.").into());
    }
    if !is_json(headers) {
        return Err(RequestFault::whole("The content type must be application/json.").into());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(RequestFault::whole("The body must be a JSON object.").into()),
        Err(error) => Err(RequestFault::whole(format!("The body is not JSON: {error}.")).into()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads fields and collects their faults. Unread fields are ignored.
pub(super) struct BodyFields<'a> {
    map: &'a Map<String, Value>,
    faults: Vec<RequestFault>,
}

impl<'a> BodyFields<'a> {
    pub(super) fn new(map: &'a Map<String, Value>) -> Self {
        Self { map, faults: Vec::new() }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<&'a str> {
        self.read(name, "must be a string", Value::as_str)
    }

    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, "must be a boolean", Value::as_bool)
    }

    /// An integer, 0 or more.
    pub(super) fn count(&mut self, name: &'static str) -> Option<u64> {
        self.read(name, "must be an integer, 0 or more", Value::as_u64)
    }

    /// Reports a missing field.
    pub(super) fn require(&mut self, name: &'static str) {
        if !self.map.contains_key(name) {
            self.refuse_as(FaultKind::MissingParameter, name, "is required");
        }
    }

    pub(super) fn refuse(&mut self, name: &'static str, why: &str) {
        self.refuse_as(FaultKind::BadRequest, name, why);
    }

    pub(super) fn refuse_as(&mut self, kind: FaultKind, name: &'static str, why: &str) {
        let place = FaultLocation::Field(name);
        self.faults.push(RequestFault { kind, place, detail: format!("{name} {why}.") });
    }

    /// Returns the collected faults, if any.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.faults)) }
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        of: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.map.get(name)?;
        let read = of(value);
        if read.is_none() {
            self.refuse(name, wanted);
        }
        read
    }
}

/// Returns true for an email address: dotted words, an `@`, a domain of at least two labels. ASCII only, as the
/// `email` format of the document requires.
pub(super) fn is_email(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c))
    };
    let label = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            local.split('.').all(word) && domain.contains('.') && domain.split('.').all(label)
        })
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn an_email_has_words_and_a_domain_with_a_dot() {
        for good in ["a@b.example", "larry+cat_food@customer.co.example", "o'neil@x-y.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.example",
            "a@b",
            "a b@c.example",
            "a@b@c.example",
            "a..b@c.example",
            "a@-b.example",
            "a@b.",
            "a@b.example\n",
            "j\u{fc}rgen@b.example",
            "a@b\u{fc}cher.example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
