//! Points at which tests let a process die, or a disk be full. Only builds with debug assertions have them.
//!
//! What is armed is one point and one of its passes: `publish.moved=kill`, `store.commit:3=full` for the third pass.

/// Passes a point: the process dies there if that is armed.
///
/// # Errors
/// If a full disk is armed.
#[inline]
pub fn pass(point: &str) -> std::io::Result<()> {
    #[cfg(debug_assertions)]
    return armed::pass(point);
    #[cfg(not(debug_assertions))]
    {
        let _ = point;
        Ok(())
    }
}

#[cfg(debug_assertions)]
pub use armed::{arm, armed};

#[cfg(debug_assertions)]
mod armed {
    use std::io::{Error, ErrorKind};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// How many passes meet a full disk before there is room again.
    const FULL: u64 = 3;

    static PLAN: OnceLock<Plan> = OnceLock::new();

    #[derive(Debug)]
    struct Plan {
        text: String,
        point: String,
        pass: u64,
        full: bool,
        passed: AtomicU64,
    }

    impl Plan {
        fn parse(text: &str) -> Option<Self> {
            let (place, effect) = text.rsplit_once('=')?;
            let (point, pass) = place.split_once(':').unwrap_or((place, "1"));
            let full = match effect {
                "kill" => false,
                "full" => true,
                _ => return None,
            };
            let pass = pass.parse().ok().filter(|pass| *pass > 0)?;
            Some(Self {
                text: text.to_owned(),
                point: point.to_owned(),
                pass,
                full,
                passed: AtomicU64::new(0),
            })
        }

        fn pass(&self, point: &str) -> std::io::Result<()> {
            if self.point != point {
                return Ok(());
            }
            let passed = self.passed.fetch_add(1, Ordering::SeqCst) + 1;
            match self.full {
                false if passed == self.pass => std::process::abort(),
                true if (self.pass..self.pass + FULL).contains(&passed) => {
                    Err(Error::new(ErrorKind::StorageFull, format!("the disk is full at {point}")))
                }
                _ => Ok(()),
            }
        }
    }

    /// Arms a point of this process; only the first call counts.
    ///
    /// # Errors
    /// The text when it names no point and effect.
    pub fn arm(text: &str) -> Result<(), String> {
        let plan =
            Plan::parse(text).ok_or_else(|| format!("{text:?} is no failpoint: POINT[:PASS]=kill|full"))?;
        PLAN.get_or_init(|| plan);
        Ok(())
    }

    /// What is armed, for processes that this one starts.
    #[must_use]
    pub fn armed() -> Option<&'static str> {
        PLAN.get().map(|plan| plan.text.as_str())
    }

    pub(super) fn pass(point: &str) -> std::io::Result<()> {
        PLAN.get().map_or(Ok(()), |plan| plan.pass(point))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_disk_is_full_for_some_passes() {
            let plan = Plan::parse("store.commit:2=full").unwrap();
            assert!(plan.pass("other").is_ok());
            let passes = [(); 6].map(|()| plan.pass("store.commit").is_ok());
            assert_eq!(passes, [true, false, false, false, true, true]);
            let error = Plan::parse("x=full").unwrap().pass("x").unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::StorageFull, "the disk is full at x")
            );
        }

        #[test]
        fn what_is_no_failpoint_is_refused() {
            for text in ["", "x", "x=", "x=burn", "x:0=kill", "x:y=kill"] {
                assert!(Plan::parse(text).is_none(), "{text}");
            }
        }
    }
}
