//! `trunkline get balances`: the balance of each account, and the totals per currency.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::get::{Answer, Filter, GetFormat, Output, pretty};
use crate::detect::{self, Balances};
use crate::model::{Amount, Balance};
use crate::report::escape_line;
use crate::telnyx::{AccountDetails, BalanceDetails, Error, Listing, Reader};

const COLUMNS: [&str; 8] = [
    "ID",
    "EMAIL",
    "NAME",
    "BALANCE",
    "CURRENCY",
    "CREDIT_LIMIT",
    "AVAILABLE_CREDIT",
    "ROLLUP_BILLING",
];

pub(super) async fn read(
    output: &Output,
    reader: &Reader,
    filter: &Filter,
) -> Result<Answer, Error> {
    let Listing { items, gap } = reader.accounts_by(&filter.account_filter()).await?;
    let balances = detect::balances(reader, items.iter().map(|item| &item.account)).await?;
    let row = |item: &AccountDetails| row(item, balances.of.get(&item.account.id));
    let totals = totals(&balances);
    let text = match output.format {
        GetFormat::Table => output.rows(&items, COLUMNS, row) + &lines(&totals),
        // A row of totals would count twice in a spreadsheet.
        GetFormat::Csv => output.rows(&items, COLUMNS, row),
        GetFormat::Json => {
            let totals = totals.iter().map(|(currency, total)| {
                let Total { accounts, amount } = total;
                let balance = amount.as_ref().map(ToString::to_string);
                json!({ "currency": currency, "balance": balance, "accounts": accounts })
            });
            let accounts: Vec<Value> = items.iter().map(row).collect();
            pretty(&json!({ "accounts": accounts, "totals": totals.collect::<Vec<_>>() }))
        }
    };
    let unread = balances.gap.map(|gap| format!("balances: {gap}"));
    Ok(Answer { text, gap: gap.or(unread) })
}

fn row(item: &AccountDetails, balance: Option<&BalanceDetails>) -> Value {
    let account = &item.account;
    let of =
        |field: fn(&BalanceDetails) -> &Option<String>| balance.and_then(|it| field(it).clone());
    json!({
        "id": account.id.as_str(),
        "email": account.email.as_str(),
        "name": account.name,
        "balance": of(|it| &it.balance),
        "currency": of(|it| &it.currency),
        "credit_limit": of(|it| &it.credit_limit),
        "available_credit": of(|it| &it.available_credit),
        "rollup_billing": account.rollup_billing,
    })
}

/// The sum of the balances in one currency.
#[derive(Debug, PartialEq, Eq)]
struct Total {
    accounts: usize,
    /// `None` if the sum has too many digits.
    amount: Option<Amount>,
}

/// The totals by currency. A balance without a currency counts under `None`; one that is not a number in none.
fn totals(balances: &Balances) -> BTreeMap<Option<String>, Total> {
    let mut totals = BTreeMap::new();
    for Balance { amount, currency } in balances.of.values().filter_map(BalanceDetails::balance) {
        let zero = Total { accounts: 0, amount: Some(Amount::default()) };
        let total: &mut Total = totals.entry(currency).or_insert(zero);
        total.accounts += 1;
        total.amount = total.amount.and_then(|sum| sum.checked_add(amount));
    }
    totals
}

/// The totals below a table.
fn lines(totals: &BTreeMap<Option<String>, Total>) -> String {
    let mut out = String::new();
    for (currency, Total { accounts, amount }) in totals {
        let currency = currency.as_deref().map_or("(no currency)".into(), escape_line);
        let amount = amount.map_or_else(|| "too large".to_owned(), |amount| amount.to_string());
        let accounts =
            if *accounts == 1 { "1 account".to_owned() } else { format!("{accounts} accounts") };
        // Writing to a string cannot fail.
        let _ = write!(out, "\nTotal: {amount} {currency} in {accounts}");
    }
    if out.is_empty() { out } else { out + "\n" }
}
