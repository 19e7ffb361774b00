//! Why somebody left a call. Genesys spells each reason in four ways, by where it says it.

use std::borrow::Cow;

/// As the history spells it, and how the notifications and the live record do, where that is in other words. Recorded
/// events say the first in capitals with `_`.
const REASONS: [(&str, &[&str]); 22] = [
    ("client", &[]),
    ("endpoint", &[]),
    ("peer", &[]),
    ("system", &[]),
    ("timeout", &[]),
    ("error", &[]),
    ("other", &[]),
    ("spam", &[]),
    ("uncallable", &[]),
    ("inactivity", &[]),
    ("takeover", &[]),
    ("transfer", &[]),
    ("conferenceTransfer", &["transfer.conference"]),
    ("consultTransfer", &["transfer.consult"]),
    ("forwardTransfer", &["transfer.forward"]),
    ("noAnswerTransfer", &["transfer.noanswer"]),
    ("notAvailableTransfer", &["transfer.notavailable"]),
    ("dndTransfer", &["transfer.dnd", "transfer.donotdisturb"]),
    ("dndEndpoint", &["endpoint.dnd", "endpoint.donotdisturb"]),
    ("transportFailure", &["transport.failure"]),
    ("sessionExpired", &["session.expired"]),
    ("unknown", &[]),
];

/// Why somebody left, as the history spells it: `client`, `conferenceTransfer`. Others are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason(Cow<'static, str>);

impl Reason {
    pub(crate) fn of(text: &str) -> Self {
        let text = text.trim();
        let is_it = |(history, others): &&(&str, &[&str])| {
            history.eq_ignore_ascii_case(&text.replace('_', ""))
                || others.iter().any(|other| other.eq_ignore_ascii_case(text))
        };
        let known = REASONS.iter().find(is_it).map(|(history, _)| Cow::Borrowed(*history));
        Self(known.unwrap_or_else(|| Cow::Owned(text.to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the call was handed to somebody; a way to do so that is not known yet counts as well.
    pub(crate) fn is_transfer(&self) -> bool {
        let text = self.0.to_ascii_lowercase();
        text.starts_with("transfer") || text.ends_with("transfer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_spellings_are_one_reason() {
        for (forms, reason, is_transfer) in [
            (["client", "CLIENT", "Client", " client "], "client", false),
            (["transfer", "TRANSFER", "Transfer", "transfer"], "transfer", true),
            (
                ["conferenceTransfer", "transfer.conference", "CONFERENCE_TRANSFER", "Transfer.Conference"],
                "conferenceTransfer",
                true,
            ),
            (
                ["noAnswerTransfer", "transfer.noanswer", "NO_ANSWER_TRANSFER", "transfer.noAnswer"],
                "noAnswerTransfer",
                true,
            ),
            (
                ["notAvailableTransfer", "transfer.notavailable", "NOT_AVAILABLE_TRANSFER", "notavailabletransfer"],
                "notAvailableTransfer",
                true,
            ),
            (["dndTransfer", "transfer.dnd", "transfer.donotdisturb", "DND_TRANSFER"], "dndTransfer", true),
            (["dndEndpoint", "endpoint.dnd", "endpoint.donotdisturb", "DND_ENDPOINT"], "dndEndpoint", false),
            (
                ["transportFailure", "transport.failure", "TRANSPORT_FAILURE", "transport.failure"],
                "transportFailure",
                false,
            ),
            (["sessionExpired", "session.expired", "SESSION_EXPIRED", "session.expired"], "sessionExpired", false),
        ] {
            for form in forms {
                assert_eq!(
                    (Reason::of(form).as_str(), Reason::of(form).is_transfer()),
                    (reason, is_transfer),
                    "{form}"
                );
            }
        }
    }

    #[test]
    fn a_new_reason_is_kept_as_it_came() {
        for (text, is_transfer) in
            [("solar.flare", false), ("transfer.robot", true), ("ROBOT_TRANSFER", true), ("", false)]
        {
            assert_eq!((Reason::of(text).as_str(), Reason::of(text).is_transfer()), (text, is_transfer));
        }
    }
}
