//! Single-byte edits of the columns that are hashed, of every type they have.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[derive(Debug, Clone, Copy)]
enum Type {
    Bytes,
    Uuid,
    Whole(u32),
    Time,
    Flag,
    Text,
}

const COLUMNS: [(&str, Type); 19] = [
    ("stream_id", Type::Uuid),
    ("version", Type::Whole(8)),
    ("position", Type::Whole(8)),
    ("stream_kind", Type::Whole(2)),
    ("event_id", Type::Uuid),
    ("type", Type::Text),
    ("schema_version", Type::Whole(2)),
    ("recorded_at", Type::Time),
    ("payload", Type::Bytes),
    ("context", Type::Bytes),
    ("payload_digest", Type::Bytes),
    ("context_digest", Type::Bytes),
    ("document_digest", Type::Bytes),
    ("enabled", Type::Flag),
    ("deleted", Type::Flag),
    ("published_version", Type::Whole(8)),
    ("published_by_version", Type::Whole(8)),
    ("event_hash", Type::Bytes),
    ("chain_hash", Type::Bytes),
];

/// Edits without end, the same in every run; some of them hit nothing, or what the table's constraints refuse.
pub struct Edits(StdRng);

impl Edits {
    pub fn new() -> Self {
        Self(StdRng::seed_from_u64(4))
    }

    /// A statement that changes one byte of one row.
    pub fn next(&mut self, events: i64) -> String {
        let rng = &mut self.0;
        let position = rng.random_range(1..=events);
        // One in twenty meets the content of a document.
        if rng.random_ratio(1, 20) {
            let bytes = bytes("bytes", rng);
            return format!(
                "UPDATE document SET bytes = {bytes} WHERE digest = \
                 (SELECT document_digest FROM event WHERE position = {position})"
            );
        }
        let (column, kind) = COLUMNS[rng.random_range(0..COLUMNS.len())];
        let edited = match kind {
            Type::Bytes => bytes(column, rng),
            Type::Uuid => {
                let sent = format!("uuid_send({column})");
                format!("encode({}, 'hex')::uuid", bytes(&sent, rng))
            }
            Type::Whole(width) => {
                let shift = 8 * rng.random_range(0..width);
                let mask = i64::from(rng.random_range(1..=255_u8)) << shift;
                // In two's complement, as the column has it.
                let mask = if width == 2 { i64::from(mask as i16) } else { mask };
                format!("({column} # ({mask})::{})", if width == 2 { "smallint" } else { "bigint" })
            }
            Type::Time => {
                let microseconds = i64::from(rng.random_range(1..=255_u8)) << (8 * rng.random_range(0..6));
                format!("{column} + interval '{microseconds} microseconds'")
            }
            Type::Flag => format!("NOT {column}"),
            Type::Text => {
                let letter = char::from(rng.random_range(b'a'..=b'z'));
                let place = rng.random_range(1..=11);
                format!("overlay({column} placing '{letter}' from {place} for 1)")
            }
        };
        format!(
            "UPDATE event SET {column} = {edited} WHERE position = {position} AND {column} IS DISTINCT FROM {edited}"
        )
    }
}

fn bytes(expression: &str, rng: &mut StdRng) -> String {
    let (place, mask) = (rng.random_range(0..4096), rng.random_range(1..=255));
    let place = format!("({place} % octet_length({expression}))");
    format!("set_byte({expression}, {place}, get_byte({expression}, {place}) # {mask})")
}
