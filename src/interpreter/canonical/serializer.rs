//! JSON in one pass over our own structures: names of members are written as they are, texts are searched for what
//! needs escaping eight bytes at a time, numbers stand as ECMAScript writes them.

use std::fmt::{self, Display, Write};

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};

/// Writes canonical JSON, provided that structures declare their members in order and maps give theirs so.
#[derive(Debug)]
pub struct Canonical<'w, W> {
    out: &'w mut W,
}

impl<'w, W: Write> Canonical<'w, W> {
    pub fn new(out: &'w mut W) -> Self {
        Self { out }
    }

    /// A text that is known to need no escaping, in quotes.
    fn plain(&mut self, text: &str) -> fmt::Result {
        self.out.write_str("\"")?;
        self.out.write_str(text)?;
        self.out.write_str("\"")
    }
}

/// Whether JSON writes this byte of a text otherwise.
fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// [`is_escaped`] of any of eight bytes, asked at once.
fn has_escaped(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let text = u64::from_ne_bytes(bytes);
    // Taking away borrows into the high bit of every byte that is smaller, unless it was set before.
    let below = |text: u64, bound: u8| text.wrapping_sub(ONES * u64::from(bound)) & !text & HIGH;
    let equal = |byte: u8| below(text ^ (ONES * u64::from(byte)), 1);
    below(text, 0x20) | equal(b'"') | equal(b'\\') != 0
}

/// The index of the first byte to escape.
fn first_escaped(text: &[u8]) -> Option<usize> {
    let (chunks, rest) = text.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        if has_escaped(*chunk) {
            return chunk.iter().position(|byte| is_escaped(*byte)).map(|at| index * 8 + at);
        }
    }
    // The last bytes hold the rest, and some that are known to be clean.
    let last = match (text.last_chunk::<8>(), text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(last), ..) => Some(*last),
        (None, Some([a, b, c, d]), Some([e, f, g, h])) => Some([*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => None,
    };
    if last.is_some_and(|last| !has_escaped(last)) {
        return None;
    }
    rest.iter().position(|byte| is_escaped(*byte)).map(|at| text.len() - rest.len() + at)
}

/// Writes text with escapes in it.
struct Escaping<'w, W>(&'w mut W);

impl<W: Write> Write for Escaping<'_, W> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while let Some(at) = first_escaped(text.as_bytes()) {
            self.0.write_str(&text[..at])?;
            match text.as_bytes()[at] {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                0x08 => self.0.write_str("\\b")?,
                0x0c => self.0.write_str("\\f")?,
                control => write!(self.0, "\\u{control:04x}")?,
            }
            // What is escaped is one byte long.
            text = &text[at + 1..];
        }
        self.0.write_str(text)
    }
}

impl<'s, 'w, W: Write> Serializer for &'s mut Canonical<'w, W> {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Compound<'s, 'w, W>;
    type SerializeTuple = Compound<'s, 'w, W>;
    type SerializeTupleStruct = Impossible<(), fmt::Error>;
    type SerializeTupleVariant = Impossible<(), fmt::Error>;
    type SerializeMap = Compound<'s, 'w, W>;
    type SerializeStruct = Compound<'s, 'w, W>;
    type SerializeStructVariant = Impossible<(), fmt::Error>;

    fn serialize_bool(self, value: bool) -> fmt::Result {
        self.out.write_str(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> fmt::Result {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> fmt::Result {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> fmt::Result {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> fmt::Result {
        self.out.write_str(itoa::Buffer::new().format(value))
    }

    fn serialize_u8(self, value: u8) -> fmt::Result {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> fmt::Result {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> fmt::Result {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> fmt::Result {
        self.out.write_str(itoa::Buffer::new().format(value))
    }

    fn serialize_f32(self, value: f32) -> fmt::Result {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> fmt::Result {
        if !value.is_finite() {
            return self.serialize_unit();
        }
        self.out.write_str(ryu_js::Buffer::new().format_finite(value))
    }

    fn serialize_char(self, value: char) -> fmt::Result {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> fmt::Result {
        if first_escaped(text.as_bytes()).is_none() {
            return self.plain(text);
        }
        self.collect_str(text)
    }

    fn collect_str<T: Display + ?Sized>(self, text: &T) -> fmt::Result {
        self.out.write_str("\"")?;
        write!(Escaping(self.out), "{text}")?;
        self.out.write_str("\"")
    }

    /// JSON has no bytes.
    fn serialize_bytes(self, _: &[u8]) -> fmt::Result {
        Err(fmt::Error)
    }

    fn serialize_none(self) -> fmt::Result {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> fmt::Result {
        value.serialize(self)
    }

    fn serialize_unit(self) -> fmt::Result {
        self.out.write_str("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> fmt::Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> fmt::Result {
        self.plain(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> fmt::Result {
        value.serialize(self)
    }

    /// Enums with content have no one form in JSON; those in a trace say themselves how they are written.
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> fmt::Result {
        Err(fmt::Error)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, fmt::Error> {
        self.out.write_str("[")?;
        Ok(Compound { json: self, is_empty: true, close: "]" })
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, fmt::Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, fmt::Error> {
        self.out.write_str("{")?;
        Ok(Compound { json: self, is_empty: true, close: "}" })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, fmt::Error> {
        self.out.write_str("{")?;
        Ok(Compound { json: self, is_empty: true, close: "}" })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, fmt::Error> {
        Err(fmt::Error)
    }
}

/// An array or object that is being written.
#[derive(Debug)]
pub struct Compound<'s, 'w, W> {
    json: &'s mut Canonical<'w, W>,
    is_empty: bool,
    close: &'static str,
}

impl<W: Write> Compound<'_, '_, W> {
    #[inline]
    fn comma(&mut self) -> fmt::Result {
        if std::mem::replace(&mut self.is_empty, false) { Ok(()) } else { self.json.out.write_str(",") }
    }

    fn close(self) -> fmt::Result {
        self.json.out.write_str(self.close)
    }
}

impl<W: Write> SerializeSeq for Compound<'_, '_, W> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
        self.comma()?;
        value.serialize(&mut *self.json)
    }

    fn end(self) -> fmt::Result {
        self.close()
    }
}

impl<W: Write> SerializeTuple for Compound<'_, '_, W> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> fmt::Result {
        self.close()
    }
}

/// Keys are texts.
impl<W: Write> SerializeMap for Compound<'_, '_, W> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> fmt::Result {
        self.comma()?;
        key.serialize(&mut *self.json)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
        self.json.out.write_str(":")?;
        value.serialize(&mut *self.json)
    }

    fn end(self) -> fmt::Result {
        self.close()
    }
}

impl<W: Write> SerializeStruct for Compound<'_, '_, W> {
    type Ok = ();
    type Error = fmt::Error;

    // Inlined so that names of members are constants, which take no call to copy.
    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> fmt::Result {
        self.json.out.write_str(if std::mem::replace(&mut self.is_empty, false) { "\"" } else { ",\"" })?;
        self.json.out.write_str(name)?;
        self.json.out.write_str("\":")?;
        value.serialize(&mut *self.json)
    }

    fn end(self) -> fmt::Result {
        self.close()
    }
}
