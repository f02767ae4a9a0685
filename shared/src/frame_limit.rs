use actix_web::{FromRequest, HttpRequest, dev, error::PayloadError, web};
use futures_util::StreamExt;

/// `body` of a WebSocket handshake, to hand to `actix_ws::handle`, ended with an error as soon as the
/// header of a frame announces a payload of more than `limit` bytes.
///
/// The limit of actix-ws, `max_frame_size`, applies when the whole frame has arrived: until then its
/// bytes are collected, however many they are. With this limit too, the memory that an unfinished
/// frame takes is bounded. The stream of messages reports the error as `ProtocolError::Io`.
pub fn limit_frames(request: &HttpRequest, body: web::Payload, limit: usize) -> web::Payload {
    let mut frames = Frames { limit: limit as u64, header: Vec::new(), payload_left: 0 };
    let limited = body.into_inner().map(move |chunk| {
        let chunk = chunk?;
        frames.read(&chunk)?;
        Ok(chunk)
    });
    let mut limited: dev::Payload = dev::Payload::Stream { payload: Box::pin(limited) };
    web::Payload::from_request(request, &mut limited)
        .into_inner()
        .expect("extracting a payload cannot fail")
}

/// Where in the frames of a WebSocket client a stream of bytes is (RFC 6455, section 5.2).
struct Frames {
    limit: u64,
    /// The part of a frame's header that has arrived, up to and including the length.
    header: Vec<u8>,
    /// Bytes of the masking key and the payload that are still to come.
    payload_left: u64,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
        loop {
            let skipped = self.payload_left.min(bytes.len() as u64);
            self.payload_left -= skipped;
            bytes = &bytes[skipped as usize..];
            let Some((first, rest)) = bytes.split_first() else {
                return Ok(());
            };
            self.header.push(*first);
            bytes = rest;
            let Some(length) = announced_length(&self.header) else {
                continue;
            };
            if length > self.limit {
                return Err(PayloadError::Overflow);
            }
            self.header.clear();
            self.payload_left = 4 + length;
        }
    }
}

/// The length of the payload, once the header is complete but for the masking key.
fn announced_length(header: &[u8]) -> Option<u64> {
    let (_, [length, extended @ ..]) = header.split_first()? else {
        return None;
    };
    match (length & 0x7f, extended) {
        (126, _) => Some(u16::from_be_bytes(extended.try_into().ok()?).into()),
        (127, _) => Some(u64::from_be_bytes(extended.try_into().ok()?)),
        (length, _) => Some(length.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a masked frame that announces `length` bytes, with the masking key.
    fn header(length: u64) -> Vec<u8> {
        let mut header = vec![0x81];
        match length {
            0..=125 => header.push(0x80 | length as u8),
            126..=0xffff => {
                header.push(0x80 | 126);
                header.extend((length as u16).to_be_bytes());
            }
            _ => {
                header.push(0x80 | 127);
                header.extend(length.to_be_bytes());
            }
        }
        header.extend([1, 2, 3, 4]);
        header
    }

    fn frame(length: u64) -> Vec<u8> {
        // Bytes that would announce too much if they were taken for a header.
        [header(length), vec![0xff; length as usize]].concat()
    }

    fn read(limit: u64, bytes: &[u8], chunk: usize) -> Result<(), PayloadError> {
        let mut frames = Frames { limit, header: Vec::new(), payload_left: 0 };
        bytes.chunks(chunk).try_for_each(|chunk| frames.read(chunk))
    }

    #[test]
    fn frames_up_to_the_limit_pass_however_they_are_split() {
        let lengths = [0, 1, 125, 126, 127, 300, 65_535, 65_536];
        let bytes: Vec<u8> = lengths.into_iter().flat_map(frame).collect();
        for chunk in [1, 2, 3, 7, 1024, bytes.len()] {
            assert!(read(65_536, &bytes, chunk).is_ok(), "chunks of {chunk} bytes");
        }
    }

    #[test]
    fn a_header_that_announces_more_is_an_error_before_the_payload_arrives() {
        for length in [101, 126, 65_536, u64::MAX >> 1, u64::MAX] {
            let bytes = [frame(100), header(length)].concat();
            // The masking key does not count.
            let announced = &bytes[..bytes.len() - 4];
            for chunk in [1, 5, bytes.len()] {
                let read = read(100, announced, chunk);
                assert!(read.is_err(), "{length} bytes announced in chunks of {chunk} bytes");
            }
        }
    }
}
