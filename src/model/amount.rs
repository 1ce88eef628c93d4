//! Amounts of money: exact decimal numbers.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// An amount of money in the currency of its account.
///
/// Telnyx sends amounts as decimal text. They are never converted to binary fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

/// The error for a text that is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAmount;

impl Amount {
    /// Returns true for an amount below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// The sum of two amounts. `None` if it has too many digits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl From<u64> for Amount {
    fn from(whole: u64) -> Self {
        Self(whole.into())
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    /// Parses digits with at most one decimal point and at most one minus sign in front, such as `-12.50`.
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !(plain(whole) && plain(part)) {
            return Err(InvalidAmount);
        }
        Decimal::from_str_exact(text).map(Self).map_err(|_| InvalidAmount)
    }
}

impl fmt::Display for Amount {
    /// Writes at least two decimal places, and no more zeros than that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.normalize();
        let places = usize::try_from(exact.scale()).unwrap_or_default().max(2);
        write!(f, "{exact:.places$}")
    }
}

impl fmt::Display for InvalidAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a decimal amount")
    }
}

impl std::error::Error for InvalidAmount {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_and_shows_at_least_two_places() {
        let cases = [
            ("300.00", "300.00"),
            ("25", "25.00"),
            ("25.5", "25.50"),
            ("25.500", "25.50"),
            ("-0.005", "-0.005"),
            ("-0", "0.00"),
            ("0.1", "0.10"),
            ("123456789012345678901234.56", "123456789012345678901234.56"),
        ];
        for (text, shown) in cases {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), shown, "{text}");
        }
        let bad = [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "+1",
            "1e3",
            "1,000.00",
            " 1",
            "1 ",
            "--1",
            "1.2.3",
            "NaN",
            "1_000",
            "١",
            "99999999999999999999999999999999",
            "0.00000000000000000000000000000000001",
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Amount>(), Err(InvalidAmount), "{bad}");
        }
    }

    #[test]
    fn amounts_are_compared_and_added_by_value() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("25"), amount("25.00"));
        assert!(amount("-0.01") < amount("0") && amount("9.99") < amount("10"));
        assert!(amount("-0.01").is_negative() && !amount("-0").is_negative());
        assert_eq!(amount("0.1").checked_add(amount("0.2")), Some(amount("0.3")));
        let most = amount("79228162514264337593543950335");
        assert_eq!(most.checked_add(amount("1")), None);
    }
}
