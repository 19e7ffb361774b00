//! The certificate, read again when its files change.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use connector_core::{Error, Result};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::config::TlsFiles;

/// The certificate that is shown now, and where the next one will be.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<Shown>,
}

#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    /// What was read last, good or not, so that it is looked at once.
    read: Option<Pem>,
}

/// The content of both files.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A private key is not shown.
impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pem")
    }
}

impl Certificates {
    /// Reads both files.
    ///
    /// # Errors
    /// `is_config` when they cannot be read, or do not belong together.
    pub(crate) async fn read(files: &TlsFiles) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let read = read(files).await?;
        let key = Arc::new(certified(files, &read, &provider)?);
        let current = RwLock::new(Shown { key, read: Some(read) });
        Ok(Self { files: files.clone(), provider, current })
    }

    /// TLS 1.2 and 1.3 with whatever certificate is current, for HTTP/1.1.
    pub(crate) fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| Error::bug("TLS cannot be set up").caused_by(error))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Takes up new files, looking this often. Those that cannot be used are told of once; the old certificate stays.
    pub(crate) async fn follow(self: Arc<Self>, every: Duration) {
        loop {
            sleep(every).await;
            match self.look().await {
                Ok(true) => info!("a new certificate is read from {}", self.files.certificate.display()),
                Ok(false) => {}
                Err(error) => warn!("the old certificate is still shown: {error}"),
            }
        }
    }

    /// Whether there is a new certificate now.
    pub(crate) async fn look(&self) -> Result<bool> {
        let seen = read(&self.files).await;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let seen = match seen {
            Ok(seen) => seen,
            // Told of once, until they can be read again.
            Err(error) => return if current.read.take().is_some() { Err(error) } else { Ok(false) },
        };
        if current.read.as_ref() == Some(&seen) {
            return Ok(false);
        }
        let key = certified(&self.files, &seen, &self.provider);
        current.read = Some(seen);
        current.key = Arc::new(key?);
        Ok(true)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

async fn read(files: &TlsFiles) -> Result<Pem> {
    let content = async |path: &Path| {
        let unreadable = |error: std::io::Error| Error::config(format!("{} cannot be read: {error}", path.display()));
        tokio::fs::read(path).await.map_err(unreadable)
    };
    Ok(Pem { certificate: content(&files.certificate).await?, key: content(&files.key).await? })
}

fn certified(files: &TlsFiles, pem: &Pem, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let certificate: std::result::Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&pem.certificate).collect();
    let certificate = match certificate {
        Ok(chain) if !chain.is_empty() => chain,
        _ => return Err(Error::config(format!("{} holds no certificate in PEM", files.certificate.display()))),
    };
    let key = PrivateKeyDer::from_pem_slice(&pem.key)
        .map_err(|_| Error::config(format!("{} holds no private key in PEM", files.key.display())))?;
    CertifiedKey::from_der(certificate, key, provider).map_err(|error| {
        let (certificate, key) = (files.certificate.display(), files.key.display());
        Error::config(format!("{certificate} and {key} do not belong together")).caused_by(error)
    })
}
