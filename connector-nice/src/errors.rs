//! What the vendor says of errors.

use connector_core::http::{Response, VendorError, VendorErrors};

/// Where the words of an error without a body stand.
const STATUS_HEADER: &str = "icStatusDescription";

/// Reads the errors of all of the vendor's services: a JSON object with one of many keys, or a header.
#[derive(Debug)]
pub(crate) struct NiceErrors;

impl VendorErrors for NiceErrors {
    fn read(&self, answer: &Response) -> VendorError {
        let said = VendorError::usual(answer);
        match answer.header(STATUS_HEADER) {
            Some(words) if said.message.is_none() => said.with_message(words),
            _ => said,
        }
    }
}
