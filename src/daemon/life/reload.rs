//! Reading the configuration and everything that it names, at the start and again when that changes.
//!
//! What is wrong then stays as it was, and is said: a bad manifest is no reason to watch the others by an old one,
//! and none to watch nobody.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Life, Source};
use crate::daemon::clash::clash;
use crate::daemon::config::{self, Config};
use crate::daemon::files::{self, Look};
use crate::daemon::setup::{self, Setup, Trouble, Usual};

/// What was refused is read again after so long: what it names may be there by then.
const AGAIN: Duration = Duration::from_secs(10);

/// Why it is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Something has changed, or somebody has asked for it.
    Asked,
    /// It was refused a while ago.
    Refused,
}

/// What was read.
pub(super) struct Read {
    pub config: Config,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// How they looked before that: what changes in between is noticed the next time.
    pub look: Look,
    /// Each organization, with the path of its manifest.
    pub setups: Vec<(PathBuf, Result<Setup, Trouble>)>,
}

impl Life {
    /// Reads everything again. What is wrong stays as it was, and is said.
    pub(super) async fn reload(&mut self, why: Why) {
        let before = look(self.files.clone()).await;
        let Read { config, files, look, setups } = match read(&self.source, &self.usual).await {
            Ok(read) => read,
            Err(trouble) => {
                self.look = before;
                return self.refuse(trouble.to_string());
            }
        };
        (self.files, self.look) = (files, look);
        let (mut good, mut bad, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for (manifest, setup) in setups {
            match setup {
                Ok(setup) => good.push(setup),
                Err(trouble) => {
                    bad.push(manifest);
                    wrong.push(trouble.to_string());
                }
            }
        }
        let now = self.crew.setups();
        let stay = staying(&now, &good, &bad);
        let all = good.iter().chain(stay.iter().copied());
        if let Some(clash) = clash(all.clone().map(Setup::claims)) {
            wrong.push(clash);
            return self.refuse(wrong.join("\n"));
        }
        if (config.listen, config.hosts) != self.door {
            wrong.push("listen and hosts change with a restart only".to_owned());
        }
        let wrong = Some(wrong.join("\n")).filter(|wrong| !wrong.is_empty());
        if why == Why::Refused && wrong.is_some() && self.refused() == wrong {
            self.again = Some(Instant::now() + AGAIN);
            return;
        }
        let labels: BTreeSet<&str> = all.map(Setup::label).collect();
        self.crew.only(&labels);
        self.crew.take(good);
        self.crew.board.change(|status| status.loaded = Timestamp::now());
        if let Some(wrong) = wrong {
            self.refuse(wrong);
        } else {
            tracing::info!("the configuration was read again");
            self.again = None;
            self.crew.board.change(|status| status.refused = None);
        }
    }

    fn refused(&self) -> Option<String> {
        self.crew.board.subscribe().borrow().refused.clone()
    }

    fn refuse(&mut self, why: String) {
        self.again = Some(Instant::now() + AGAIN);
        if self.refused().as_ref() == Some(&why) {
            return;
        }
        tracing::error!(why, "this of the configuration is not in use; the one before still is");
        self.crew.board.change(|status| status.refused = Some(why));
    }
}

/// Who is watched on as before, for their manifests cannot be read now.
fn staying<'a>(now: &'a [Arc<Setup>], good: &[Setup], bad: &[PathBuf]) -> Vec<&'a Setup> {
    let others = now.iter().map(Arc::as_ref);
    let others = others.filter(|old| good.iter().all(|new| new.label() != old.label()));
    // A bad manifest that was not there before may be anybody's: then nobody is given up.
    let known = bad.iter().all(|path| now.iter().any(|old| old.manifest == *path));
    others.filter(|old| !known || bad.contains(&old.manifest)).collect()
}

/// Reads the configuration and everything that it names.
pub(super) async fn read(source: &Source, usual: &Usual) -> Result<Read, Trouble> {
    let (source, usual) = (source.clone(), usual.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let (own, config) = match source {
            Source::File(path) => {
                let own = files::look(std::slice::from_ref(&path));
                (own, config::load(&path).map_err(Trouble::Problems)?)
            }
            Source::Flags(config) => (Look::new(), *config),
        };
        let named = config.organizations.iter().flat_map(setup::files);
        let files: Vec<PathBuf> = own.keys().cloned().chain(named).collect();
        let mut look = files::look(&files);
        look.extend(own);
        let setup =
            |watched: &config::Watched| (watched.manifest.clone(), Setup::read(watched, &usual));
        let setups = config.organizations.iter().map(setup).collect();
        Ok(Read { config, files, look, setups })
    });
    let lost = |error: tokio::task::JoinError| Trouble::Other(error.to_string());
    reading.await.map_err(lost)?
}

pub(super) async fn look(files: Vec<PathBuf>) -> Look {
    // When the runtime ends in the middle nobody asks any more.
    tokio::task::spawn_blocking(move || files::look(&files)).await.unwrap_or_default()
}
