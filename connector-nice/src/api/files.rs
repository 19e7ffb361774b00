//! Legacy call logs.

use connector_core::http::{RequestBuilder, segment};
use connector_core::{Error, Priority, Result};

use super::lists::list;
use crate::transport::Api;
use crate::wire::files::File;
use crate::wire::row;

/// What has to be clicked. The name of the permission for files is not documented.
pub(crate) const PERMISSION: &str = "let the role of the access key's user view contacts and their files in the ACD";

impl Api {
    /// The call logs of a contact: by its own id, not by that of its master.
    ///
    /// # Errors
    /// Those of the request.
    pub(crate) async fn call_logs(&self, contact: &str, priority: Priority) -> Result<Vec<File>> {
        let request = self.acd(&format!("contacts/{}/files", segment(contact)), priority).during("recordings");
        match list(request, "files").await {
            Ok(list) => Ok(list.rows.iter().filter_map(|raw| row::<File>(raw)).filter(File::is_call_log).collect()),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) if error.is_forbidden() => Err(advised(error)),
            Err(error) => Err(error),
        }
    }

    /// One file, whole, in base64.
    pub(crate) fn file(&self, full_name: &str, priority: Priority) -> RequestBuilder {
        self.acd("files", priority).query("fileName", full_name).during("download")
    }
}

fn advised(error: Error) -> Error {
    error.advise(PERMISSION)
}
