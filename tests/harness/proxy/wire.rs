//! Cuts PostgreSQL's wire protocol, version 3, into messages.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// No message of ours comes near it; a length beyond it means that we lost our place.
const LONGEST: usize = 64 << 20;

/// The code in place of a protocol version that asks for TLS.
const SSL_REQUEST: u32 = 80_877_103;
/// The same for encryption by Kerberos.
const GSS_REQUEST: u32 = 80_877_104;

/// One message, with its header, as it goes over the wire.
#[derive(Debug)]
pub(super) struct Message {
    /// `None` for what a client sends before the session begins.
    pub(super) tag: Option<u8>,
    pub(super) bytes: Vec<u8>,
}

impl Message {
    /// What comes after tag and length.
    pub(super) fn body(&self) -> &[u8] {
        let header = if self.tag.is_some() { 5 } else { 4 };
        &self.bytes[header..]
    }

    /// The zero-terminated texts at the front of the body, as far as they are asked for.
    pub(super) fn texts<const N: usize>(&self) -> [String; N] {
        let mut parts = self.body().split(|byte| *byte == 0);
        std::array::from_fn(|_| {
            let part = parts.next().unwrap_or_default();
            String::from_utf8_lossy(part).into_owned()
        })
    }

    /// Whether a client asks for encryption before it begins.
    pub(super) fn asks_for_encryption(&self) -> bool {
        let code = self
            .body()
            .first_chunk()
            .map(|code| u32::from_be_bytes(*code));
        self.tag.is_none() && matches!(code, Some(SSL_REQUEST | GSS_REQUEST))
    }
}

/// Reads a message that has no tag: the first of a client. `None` at the end of the stream.
pub(super) async fn read_untagged(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<Message>> {
    read(stream, None).await
}

/// Reads a message. `None` at the end of the stream.
pub(super) async fn read_tagged(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<Message>> {
    let mut tag = [0];
    if stream.read(&mut tag).await? == 0 {
        return Ok(None);
    }
    read(stream, Some(tag[0])).await
}

async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    tag: Option<u8>,
) -> io::Result<Option<Message>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    // The length counts itself, but not the tag.
    let size = u32::from_be_bytes(length) as usize;
    if !(4..=LONGEST).contains(&size) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of {size} bytes"),
        ));
    }
    let mut bytes: Vec<u8> = tag.into_iter().chain(length).collect();
    let header = bytes.len();
    bytes.resize(header + size - 4, 0);
    match stream.read_exact(&mut bytes[header..]).await {
        Ok(_) => Ok(Some(Message { tag, bytes })),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
