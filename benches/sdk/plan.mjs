// A plan as a script on the vendor's SDK makes one: it reads the lists one page after the other, and prints the accounts
// that differ. `cargo bench --bench wire` runs it beside Trunkline.
//
//   npm install --prefix target/sdk telnyx
//   node target/sdk/plan.mjs WANTED.json BASE_URL
import { readFileSync } from 'node:fs';
import Telnyx from 'telnyx';

const [wantedFile, baseURL] = process.argv.slice(2);
const wanted = new Map(JSON.parse(readFileSync(wantedFile, 'utf8')).map((one) => [one.email, one]));
const client = new Telnyx({ apiKey: process.env.TELNYX_API_KEY, baseURL });

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

const accounts = await all(client.managedAccounts.list({ 'page[size]': 250, sort: 'created_at' }));
const filter = { status: { eq: 'disabled' } };
const disabled = await all(client.managedAccounts.list({ 'page[size]': 250, filter }));
const users = await all(client.organizations.users.list({ 'page[size]': 250, include_groups: true }));

const off = new Set(disabled.map((account) => account.id));
let differences = 0;
for (const account of accounts) {
  const want = wanted.get(account.email);
  const pricing = account.managed_account_allow_custom_pricing;
  if (want && (want.enabled === off.has(account.id) || want.custom_pricing !== pricing)) {
    console.log(`${account.email} differs`);
    differences += 1;
  }
}
console.log(`${differences} of ${accounts.length} accounts differ, ${users.length} users`);
