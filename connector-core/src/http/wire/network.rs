//! The network: one client for each distinct set of options.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, Request, Response, StatusCode};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::options::{HttpOptions, Proxy};
#[cfg(feature = "sockets")]
use super::transport::Upgrade;
use super::transport::{Body, Transport};
#[cfg(feature = "sockets")]
use crate::socket::Connection;
use crate::{Error, Result};

/// The clients in use, one for each distinct set of options.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<HashMap<HttpOptions, Weak<Wire>>>);

impl Clients {
    pub(crate) fn get(&self, options: &HttpOptions) -> Result<Arc<dyn Transport>> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wire) = clients.get(options).and_then(Weak::upgrade) {
            return Ok(wire);
        }
        clients.retain(|_, wire| wire.strong_count() > 0);
        let wire = Arc::new(Wire(client(options)?));
        clients.insert(options.clone(), Arc::downgrade(&wire));
        Ok(wire)
    }
}

fn client(options: &HttpOptions) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(options)?)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .user_agent(&options.user_agent);
    let builder = match &options.proxy {
        Proxy::None => builder.no_proxy(),
        Proxy::Environment => builder,
        Proxy::At(url) => builder.proxy(
            // The error would show the address with its password.
            reqwest::Proxy::all(url.as_str()).map_err(|_| Error::config("the proxy cannot be used"))?,
        ),
    };
    builder.build().map_err(|error| Error::config("the HTTP client cannot be made").caused_by(error.without_url()))
}

fn tls(options: &HttpOptions) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // What the system trusts; a machine without any can still trust what the options name.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for path in &options.root_certificates {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| unusable(path, "a certificate that cannot be used", error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::bug("no version of TLS is left").caused_by(error))?
        .with_root_certificates(roots);
    let Some(path) = &options.client_certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, "no private key", error))?;
    builder
        .with_client_auth_cert(certificates(path)?, key)
        .map_err(|error| unusable(path, "a certificate that does not go with its key", error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    match read {
        Ok(none) if none.is_empty() => Err(Error::config(format!("{} holds no certificate", path.display()))),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(path, "no certificates that can be read", error)),
    }
}

fn unusable(path: &Path, what: &str, error: impl StdError + Send + Sync + 'static) -> Error {
    Error::config(format!("{} holds {what}", path.display())).advise("it must be a PEM file").caused_by(error)
}

/// The network.
struct Wire(reqwest::Client);

/// The client would show its proxy, whose address may hold a password.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    async fn ask(&self, request: Request<Bytes>) -> Result<reqwest::Response> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        self.0.execute(request).await.map_err(failed)
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>> {
        Ok(streamed(self.ask(request).await?))
    }

    #[cfg(feature = "sockets")]
    async fn upgrade(&self, request: Request<Bytes>) -> Result<Upgrade> {
        let answer = self.ask(request).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Upgrade::Answered(streamed(answer)));
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let connection = Connection::new(answer.upgrade().await.map_err(failed)?);
        Ok(Upgrade::Switched(response(status, headers, connection)))
    }
}

/// The answer, and its body as it comes.
fn streamed(answer: reqwest::Response) -> Response<Body> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    response(status, headers, answer.bytes_stream().map_err(failed).boxed())
}

fn response<T>(status: StatusCode, headers: HeaderMap, body: T) -> Response<T> {
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

/// What went wrong on the wire. Neither the address nor what was sent stands in it.
fn failed(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if let Some(why) = certificate_trouble(&error) {
        return Error::config(format!("the host's certificate is not trusted: {why}"))
            .advise("if the network inspects TLS, add its root certificate to root_certificates");
    }
    let what = match &error {
        error if error.is_builder() => return Error::bug("the request cannot be sent").caused_by(error.to_string()),
        error if error.is_timeout() && error.is_connect() => "connecting took too long",
        error if error.is_timeout() => "the host was silent for too long",
        error if error.is_connect() => "the host cannot be reached",
        error if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the connection failed",
    };
    Error::transient(what).caused_by(error)
}

fn certificate_trouble(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An io::Error hides what it holds from `source`.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let held = held.map(|held| held as &(dyn StdError + 'static));
        for error in [Some(error), held].into_iter().flatten() {
            if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
                return Some(why.to_string());
            }
        }
        next = held.or_else(|| error.source());
    }
    None
}

#[cfg(all(test, feature = "testing"))]
mod tests;
