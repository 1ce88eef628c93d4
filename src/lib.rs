//! Trunkline keeps a Telnyx organization the way a file in git says it should be.
//!
//! The pipeline, and the modules in reading order:
//!
//! 1. [`model`]: the words that everyone shares. [`model::Desired`] is what a manifest wants,
//!    [`model::Live`] is what Telnyx says is there.
//! 2. [`manifest`]: YAML files become `Desired`, or a list of everything that is wrong with them; and get
//!    their canonical layout.
//! 3. [`telnyx`]: HTTP to the API and back. A [`telnyx::Reader`] can only look, a
//!    [`telnyx::Writer`] can only change.
//! 4. [`detect`]: one read-only pass over the API becomes `Live`, or says what may be missing in it.
//! 5. [`plan`]: a pure function of `Desired` and `Live`: [`plan::Plan`], the actions and the findings. What was
//!    planned earlier is held against what is there now by [`plan::recheck`]; with the manifest before a change,
//!    [`plan::plan_since`] tells what that change does, and [`plan::compare`] does so without a live side.
//! 6. [`state`]: keeps [`model::State`], what Telnyx will not tell again, where it outlives a run.
//! 7. [`execute`]: sends the actions of a plan, in its order, and says what became of each.
//! 8. [`report`]: plans, outcomes and the problems of a manifest in every form, from text to SARIF; a plan
//!    that was saved is read again, if it is byte for byte as it was written. The live side becomes a
//!    manifest here too.
//! 9. [`sandbox`]: the API on loopback, with a state behind it; it shares no code with the client.
//! 10. [`daemon`]: watches on a schedule and says when an organization drifts and when that is over.
//! 11. [`cli`]: the command line, where errors are printed and become exit statuses.
//!
//! Imports go one way: `main → cli → {daemon, detect, execute, report, sandbox} → {manifest, telnyx, state, plan} →
//! model`. `model` and `plan` know no serialization, no async and no clock; a test holds the modules to this.

pub mod cli;
pub mod daemon;
pub mod detect;
pub mod execute;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod report;
pub mod sandbox;
pub mod state;
pub mod telnyx;
