//! Trunkline keeps a Telnyx organization in the state that a manifest in git describes.
//!
//! # Pipeline
//!
//! ```text
//! YAML files ─▶ manifest ─▶ model::Desired ─┐
//!                                           ├─▶ plan ─▶ plan::Plan ─▶ execute ─▶ outcomes
//! Telnyx ─▶ telnyx ─▶ detect ─▶ model::Live ┤               │            │          │
//!                     state ─▶ model::State ┘               └────────── report ─────┘
//! ```
//!
//! # Modules, in reading order
//!
//! 1. [`model`]: the shared vocabulary. [`model::Desired`] is a manifest, [`model::Live`] what Telnyx reports,
//!    [`model::State`] what is remembered between runs.
//! 2. [`manifest`]: reads YAML files into `Desired`, or reports every problem at once; writes the canonical layout.
//! 3. [`telnyx`]: the HTTP client. A [`telnyx::Reader`] only reads, a [`telnyx::Writer`] only writes.
//! 4. [`detect`]: reads the live side into `Live`, or reports why it is incomplete. [`detect::observe`] is the one way
//!    from a read to a plan.
//! 5. [`plan`]: a pure function of `Desired`, `Live` and `State` to [`plan::Plan`], its actions and findings.
//!    [`plan::recheck`] checks a saved plan against the live side, [`plan::plan_since`] attributes actions to a
//!    change of the manifest, and [`plan::compare`] compares two manifests.
//! 6. [`state`]: stores `State` in a file, a bucket or Kubernetes, and locks it.
//! 7. [`execute`]: sends the actions of a plan in order, and returns one outcome per action.
//! 8. [`report`]: renders plans, outcomes and problems in every format, and reads saved plans.
//! 9. [`sandbox`]: a simulated API on loopback; it shares no code with the client.
//! 10. [`daemon`]: checks for drift on a schedule, and notifies when it starts and when it clears.
//! 11. [`operator`]: does the same for resources in Kubernetes, and applies the plans that they approve.
//! 12. [`cli`]: the command line, where errors are printed and become exit statuses.
//!
//! # Imports
//!
//! Imports go one way. A test holds the modules to this table. `model` and `plan` use no serialization, no async
//! and no clock.
//!
//! | module | may import |
//! |---|---|
//! | `model` | - |
//! | `manifest` | model |
//! | `telnyx` | model |
//! | `detect` | model, telnyx, plan |
//! | `plan` | model |
//! | `state` | model |
//! | `execute` | model, telnyx, plan, state |
//! | `report` | model, manifest, plan, execute |
//! | `sandbox` | - |
//! | `daemon` | model, manifest, telnyx, detect, plan, state, execute, report |
//! | `operator` | model, manifest, telnyx, detect, plan, state, execute, report, daemon |
//! | `cli` | model, manifest, telnyx, detect, plan, state, execute, report, sandbox, daemon, operator |

pub mod cli;
pub mod daemon;
pub mod detect;
pub mod execute;
pub mod manifest;
pub mod model;
pub mod operator;
pub mod plan;
pub mod report;
pub mod sandbox;
pub mod state;
pub mod telnyx;
