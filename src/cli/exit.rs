//! Exit statuses, for shells and CI.

/// Exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Success,
    /// Failed at run time: could not connect, could not read, …
    Failure,
    /// Wrong usage or configuration.
    Usage,
    /// A measurement missed its threshold, or is worse than its baseline.
    Regression,
    /// A critical alert is firing.
    Alert,
    /// Interrupted by the user.
    Interrupted,
}

impl ExitStatus {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Regression => 3,
            Self::Alert => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::*;

    #[test]
    fn the_codes_are_those_that_scripts_rely_on() {
        let codes = [
            (ExitStatus::Success, 0),
            (ExitStatus::Failure, 1),
            (ExitStatus::Usage, 2),
            (ExitStatus::Regression, 3),
            (ExitStatus::Alert, 4),
            (ExitStatus::Interrupted, 130),
        ];
        for (status, code) in codes {
            assert_eq!(status.code(), code, "{status:?}");
            assert_eq!(ExitCode::from(status), ExitCode::from(code), "{status:?}");
        }
    }
}
