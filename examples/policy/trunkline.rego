# Rules for plans of Trunkline, for conftest (0.60 or newer) or OPA:
#
#   trunkline plan manifests --base main --format json > plan.json
#   conftest test plan.json --policy policy
#
# `deny` fails the check and `warn` does not. Change the rules to yours; `trunkline schema plan` prints the fields.
package main

import rego.v1

# The highest channel limit that needs no further review.
max_channel_limit := 100

# The addresses that only their own team changes.
reserved_domain := "@billing.example"

# A change takes away only what it declares itself, not what drifted before.
deny contains message if {
	some action in input.actions
	action.destructive
	action.origin in {"already_drifted", "conflict"}
	message := sprintf("%s of %s is destructive and not from this change", [action.action, action.email])
}

deny contains message if {
	some action in input.actions
	action.action == "set_channel_limit"
	some change in action.changes
	change.after > max_channel_limit
	message := sprintf("the channel limit of %s is %d, above %d", [action.email, change.after, max_channel_limit])
}

deny contains message if {
	some action in input.actions
	endswith(action.email, reserved_domain)
	message := sprintf("%s of %s is reserved for the billing team", [action.action, action.email])
}

# Nothing can be judged by a plan of half an organization.
deny contains "the inventory is incomplete: plan again" if not input.inventory.complete

warn contains message if {
	some finding in input.findings
	finding.code == "policy_loosened"
	message := finding.message
}
