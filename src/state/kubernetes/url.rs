//! URLs of states in Kubernetes.

use std::fmt;

use url::Url;

use super::super::Error;
use super::super::document::version;
use super::super::location::shown;

/// The namespace and the name of a state in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesUrl {
    pub(super) namespace: String,
    /// `None` until the organization is known.
    name: Option<String>,
}

/// The suffix of the lock. With a dot, the lock of one state never has the name of another's leadership.
const LOCK: &str = ".lock";
/// The suffix of the leadership.
const LEADER: &str = ".leader";
/// The list of replicas in each namespace. No lock or leadership has this name.
pub(super) const REPLICAS: &str = "trunkline.replicas";
/// The longest name of an object.
const LONGEST: usize = 253;

impl KubernetesUrl {
    /// Parses `kubernetes://NAMESPACE` or `kubernetes://NAMESPACE/NAME`.
    pub(in crate::state) fn parse(text: &str) -> Result<Self, Error> {
        let no_place = || Error::NoPlace { place: shown(text) };
        let url = Url::parse(text).map_err(|_| no_place())?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.port().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let namespace = url.host_str().filter(|name| bare && is_label(name));
        let namespace = namespace.ok_or_else(no_place)?.to_owned();
        let name = match url.path().trim_start_matches('/').trim_end_matches('/') {
            "" => None,
            name if is_name(name) => Some(name.to_owned()),
            _ => return Err(no_place()),
        };
        Ok(Self { namespace, name })
    }

    /// The state of an organization, named after it unless the URL has a name.
    pub(in crate::state) fn of(self, organization: &str) -> Self {
        Self { name: Some(self.name.unwrap_or_else(|| default_name(organization))), ..self }
    }

    /// The names of the Secret, of the lock and of the leadership.
    pub(super) fn names(&self) -> Result<[String; 3], Error> {
        let no_name = || Error::NoSecret { place: self.to_string() };
        let name = self.name.clone().ok_or_else(no_name)?;
        let beside = |suffix| format!("{name}{suffix}");
        Ok([name.clone(), beside(LOCK), beside(LEADER)])
    }

    /// The URL of the list of replicas, for messages.
    pub(super) fn replicas_place(&self) -> String {
        format!("kubernetes://{}/{REPLICAS}", self.namespace)
    }
}

/// The name of an organization's state. A label that cannot be an object's name is spelled differently, and its digest
/// keeps it apart from the others.
fn default_name(organization: &str) -> String {
    let name = format!("trunkline-{organization}");
    if is_name(&name) {
        return name;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let digest = version(organization.as_bytes());
    let digest = digest.trim_start_matches("sha256:");
    format!("{}-{}", name.trim_matches('-'), &digest[..8])
}

/// Returns true for a DNS label, as a namespace is one.
fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Returns true for a DNS subdomain that leaves room for a suffix, as the name of an object is one.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST - LEADER.len() && text.split('.').all(is_label)
}

impl fmt::Display for KubernetesUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name } = self;
        write!(f, "kubernetes://{namespace}")?;
        name.as_ref().map_or(Ok(()), |name| write!(f, "/{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_namespace_and_perhaps_a_secret() {
        let cases = [
            ("kubernetes://telnyx", "kubernetes://telnyx/trunkline-acme"),
            ("kubernetes://telnyx/", "kubernetes://telnyx/trunkline-acme"),
            ("Kubernetes://telnyx/state", "kubernetes://telnyx/state"),
            ("kubernetes://telnyx/a.b-c", "kubernetes://telnyx/a.b-c"),
        ];
        for (text, wanted) in cases {
            let url = KubernetesUrl::parse(text).unwrap().of("acme");
            assert_eq!(url.to_string(), wanted);
            let [secret, lock, leader] = url.names().unwrap();
            assert_eq!(lock, format!("{secret}.lock"));
            assert_eq!(leader, format!("{secret}.leader"));
        }
        let nameless = KubernetesUrl::parse("kubernetes://telnyx").unwrap();
        assert!(matches!(nameless.names(), Err(Error::NoSecret { .. })));
    }

    #[test]
    fn labels_that_differ_have_names_that_differ() {
        let labels = ["acme", "Acme", "ACME", "a_c.me", "a-c.me", "acme.", "acme-", "a..b"];
        let names = labels.map(default_name);
        for name in &names {
            assert!(is_name(name), "{name}");
        }
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), labels.len(), "{names:?}");
        assert_eq!(names[0], "trunkline-acme");
    }

    #[test]
    fn a_url_with_an_address_a_secret_or_an_impossible_name_is_refused() {
        for text in [
            "kubernetes://",
            "kubernetes:///name",
            "kubernetes:telnyx",
            "kubernetes://user:s3cr3t@telnyx",
            "kubernetes://telnyx:6443/name",
            "kubernetes://telnyx/name?token=s3cr3t",
            "kubernetes://telnyx/name#1",
            "kubernetes://tel.nyx/name",
            "kubernetes://telnyx/Name",
            "kubernetes://telnyx/a/b",
            "kubernetes://telnyx/-a",
            "kubernetes://telnyx/a..b",
            "kubernetes://telnyx/%61",
        ] {
            let parsed = KubernetesUrl::parse(text);
            let Err(error @ Error::NoPlace { .. }) = parsed else { panic!("{text}: {parsed:?}") };
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }
}
