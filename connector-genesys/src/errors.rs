//! What the vendor says of errors.

use connector_core::http::{Response, VendorError, VendorErrors};

use crate::wire::errors::ErrorBody;

/// Reads the vendor's errors: a JSON object, or what a gateway before it says.
#[derive(Debug)]
pub(crate) struct GenesysErrors;

impl VendorErrors for GenesysErrors {
    fn read(&self, answer: &Response) -> VendorError {
        let mut said = VendorError::usual(answer);
        let body: ErrorBody = serde_json::from_slice(&answer.bytes).unwrap_or_default();
        said.request_id = said.request_id.or(body.context_id);
        said
    }
}
