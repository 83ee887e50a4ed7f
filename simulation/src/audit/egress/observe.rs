//! Everything that can be seen of the federation from outside of the devices' sealed stores.

use std::path::{Path, PathBuf};

use silhouette_aggregator::Event;
use silhouette_privacy::Mode;
use silhouette_wire::{FrameHeader, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::device::Device;
use super::search::files;
use super::site::{Site, TASK};
use super::{Canary, EgressConfig, EgressError, Exchange, Finding, Log, Outcome, Place, Planted, part};

/// One thing that is searched as a whole.
struct Piece {
    file: Option<PathBuf>,
    bytes: Vec<u8>,
}

/// A place with all that is in it.
struct Held {
    name: &'static str,
    unit: &'static str,
    pieces: Vec<Piece>,
    /// Frames or lines, where they are more than the pieces.
    count: u64,
    /// What must be found there; nothing for a place that may be empty.
    sight: Option<&'static str>,
}

/// All places.
pub(super) struct Places {
    held: Vec<Held>,
    canaries: Vec<Canary>,
    uploads: u64,
    /// What the first person's own export holds: there the words must be.
    export: Vec<u8>,
}

impl Places {
    pub(super) async fn collect(
        config: &EgressConfig,
        mut site: Site,
        devices: &[Device],
        log: &Log,
    ) -> Result<Self, EgressError> {
        let metrics = metrics(site.running.addresses().admin).await?;
        let mut told = String::new();
        while let Ok(event) = site.told.try_recv() {
            if let Event::RoundAbandoned { round, .. } = event {
                return Err(part("aggregator")(format!("round {round} was abandoned")));
            }
            told.push_str(&format!("{event:?}\n"));
        }
        let (folder, body) = (site.folder(), site.body);
        let (sent, enrolment): (Vec<Exchange>, Vec<Exchange>) =
            (devices.iter().flat_map(|device| device.tap.exchanges()).collect(), site.enrolment.exchanges());
        let uploads = sent.iter().filter(|exchange| exchange.up.len() >= body).count() as u64;
        let export = devices.first().map_or_else(|| Ok(Vec::new()), Device::export)?;
        let stored = folder_pieces(&folder)?;
        site.running.stop();
        site.running.stopped().await;
        let left = folder_pieces(&folder)?;
        let mut on_devices = Vec::new();
        for device in devices {
            on_devices.extend(folder_pieces(device.folder())?);
        }
        let all = [&sent[..], &enrolment[..]].concat();
        let held = vec![
            streams("frames sent", &all, |exchange| &exchange.up),
            streams("frames received", &all, |exchange| &exchange.down),
            text("log", log.bytes(), "serving"),
            text("events", told.into_bytes(), "RoundClosed"),
            text("metrics page", metrics, "silhouette_rounds"),
            below("aggregator's files", stored),
            below("the same, stopped", left),
            // A device's files hold the task's name in the ledger.
            below("devices' files", on_devices),
        ];
        let expected = config.rounds * config.devices as u64;
        if uploads < expected {
            let found = format!("{expected} vectors of {body} bytes, and found {uploads}");
            return Err(EgressError::Blind { place: "frames sent", expected: found });
        }
        Ok(Self { held, canaries: site.canaries, uploads, export })
    }

    /// Every place holds what must be there, found by the same search.
    pub(super) fn check_sight(&mut self, config: &EgressConfig) -> Result<(), EgressError> {
        for held in &self.held {
            let Some(expected) = held.sight else { continue };
            let canary = Canary::new(expected);
            if held.pieces.iter().all(|piece| canary.in_bytes(&piece.bytes).is_empty()) {
                return Err(EgressError::Blind { place: held.name, expected: expected.to_owned() });
            }
        }
        for canary in &self.canaries {
            if canary.in_bytes(&self.export).is_empty() {
                return Err(EgressError::Blind {
                    place: "the person's own export",
                    expected: canary.text().to_owned(),
                });
            }
        }
        // Every round has a check-in, a fetch and an upload, or the four exchanges of a masked round.
        let exchanges = if config.mode == Mode::Distributed { 5 } else { 3 };
        let (frames, least) = (self.held[0].count, exchanges * config.rounds * config.devices as u64);
        if frames < least {
            let expected = format!("{least} frames, and found {frames}");
            return Err(EgressError::Blind { place: "frames sent", expected });
        }
        Ok(())
    }

    pub(super) fn search(self, config: &EgressConfig, planted: Vec<Planted>) -> Outcome {
        let mut found = Vec::new();
        for held in &self.held {
            for piece in &held.pieces {
                for canary in &self.canaries {
                    let name = piece.file.iter().flat_map(|file| canary.in_bytes(file.as_os_str().as_encoded_bytes()));
                    for spelling in canary.in_bytes(&piece.bytes).into_iter().chain(name) {
                        let word = canary.text().to_owned();
                        found.push(Finding { place: held.name, file: piece.file.clone(), word, spelling });
                    }
                }
            }
        }
        found.dedup();
        let searched = self.held.iter().map(|held| Place {
            name: held.name,
            pieces: if held.count > 0 { held.count } else { held.pieces.len() as u64 },
            unit: held.unit,
            bytes: held.pieces.iter().map(|piece| piece.bytes.len() as u64).sum(),
        });
        Outcome {
            mode: config.mode,
            devices: config.devices,
            rounds: config.rounds,
            uploads: self.uploads,
            words: self.canaries.iter().map(|canary| canary.text().to_owned()).collect(),
            needles: self.canaries.iter().map(Canary::needles).sum(),
            searched: searched.collect(),
            found,
            control: config.fault,
            planted,
        }
    }
}

/// One direction of all streams.
fn streams(name: &'static str, exchanges: &[Exchange], side: fn(&Exchange) -> &Vec<u8>) -> Held {
    let pieces: Vec<Piece> = exchanges.iter().map(|e| Piece { file: None, bytes: side(e).clone() }).collect();
    let count = pieces.iter().map(|piece| frames(&piece.bytes)).sum();
    Held { name, unit: "frames", count, pieces, sight: Some(TASK) }
}

/// Frames at the start of a stream; a vector or a model may follow them as it is.
fn frames(mut bytes: &[u8]) -> u64 {
    let mut count = 0;
    while let Ok(header) = FrameHeader::decode(&mut bytes, &Limits::default()) {
        let Some(rest) = bytes.get(header.length()..) else { break };
        (bytes, count) = (rest, count + 1);
    }
    count
}

fn text(name: &'static str, bytes: Vec<u8>, sight: &'static str) -> Held {
    let count = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
    Held { name, unit: "lines", count, pieces: vec![Piece { file: None, bytes }], sight: Some(sight) }
}

fn below(name: &'static str, pieces: Vec<Piece>) -> Held {
    Held { name, unit: "files", count: 0, pieces, sight: Some(TASK) }
}

/// Every file, by its path below the folder.
fn folder_pieces(folder: &Path) -> Result<Vec<Piece>, EgressError> {
    let all = files(folder).map_err(|source| EgressError::File { path: folder.to_owned(), source })?;
    let piece = |(path, bytes): (PathBuf, Vec<u8>)| {
        let file = path.strip_prefix(folder).map_or_else(|_| path.clone(), Path::to_owned);
        Piece { file: Some(file), bytes }
    };
    Ok(all.into_iter().map(piece).collect())
}

async fn metrics(admin: std::net::SocketAddr) -> Result<Vec<u8>, EgressError> {
    let failed = || part("metrics page");
    let mut stream = TcpStream::connect(admin).await.map_err(failed())?;
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.map_err(failed())?;
    let mut page = Vec::new();
    stream.read_to_end(&mut page).await.map_err(failed())?;
    Ok(page)
}
