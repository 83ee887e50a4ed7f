//! Chinese names.

use super::{
    Entity, EntityKind,
    list::{self, Listed},
};
use crate::{
    pos::{Pos, TaggedWord},
    script::{Script, has_han},
    scrub,
    segment::{runs, tagged_words},
};

/// Longest name of the lists, in characters.
const MAX_NAME: usize = 7;

/// Words near which a name that is a word too is a brand.
const GOODS: &[&str] = &[
    "手机",
    "电脑",
    "笔记本",
    "平板",
    "品牌",
    "官网",
    "公司",
    "旗舰",
    "系统",
    "电视",
    "空调",
    "家电",
    "净化器",
    "牌子",
    "专卖",
    "牛奶",
    "酸奶",
    "方便面",
    "充电",
    "手环",
    "手表",
    "电风扇",
    "风扇",
    "冰箱",
    "洗衣机",
    "微波炉",
    "电饭煲",
    "热水器",
    "耳机",
    "售后",
    "客服",
    "路由器",
    "音箱",
    "发布",
    "14",
    "13",
    "12",
];

const INSTITUTIONS: &[&str] = &[
    "大学",
    "学院",
    "医院",
    "公司",
    "集团",
    "银行",
    "出版社",
    "中学",
    "小学",
    "研究院",
    "研究所",
    "协会",
    "基金会",
    "法院",
    "电视台",
    "图书馆",
    "博物馆",
    "委员会",
    "俱乐部",
    "幼儿园",
];
/// What names of places end in; the dictionary's tag alone is too often wrong.
const PLACE_ENDS: &str = "省市县区镇乡村山河湖江海岛路街寺桥港湾洲国屿州城堡峡谷";
const LANDS: &[&str] = &["特别行政区", "自治区", "省", "市", "县", "州"];
const LANDMARKS: &[&str] = &["机场", "火车站", "高铁站", "公园", "广场", "步行街", "景区", "古镇", "大桥"];

/// Adds the Chinese names of a text.
pub(super) fn find(text: &str, words: &[TaggedWord<'_>], found: &mut Vec<Entity>) {
    if !has_han(text) {
        return;
    }
    listed(text, words, found);
    institutions(words, found);
    flagged(text, words.last().map_or(0, |word| word.end), found);
}

fn entity(kind: EntityKind, start: usize, end: usize, confidence: f32) -> Entity {
    Entity { kind, start, end, confidence }
}

/// Names of the lists, the longest at each place, with what belongs to them.
fn listed(text: &str, words: &[TaggedWord<'_>], found: &mut Vec<Entity>) {
    let end = words.last().map_or(0, |word| word.end);
    let mut next = 0;
    for (at, c) in text[..end].char_indices() {
        if at < next || Script::of(c) != Script::Han {
            continue;
        }
        let ends = text[at..].char_indices().skip(1).map(|(length, _)| at + length).chain([text.len()]);
        let mut ends: Vec<usize> = ends.take(MAX_NAME).collect();
        ends.retain(|&end| end > at + 3);
        let name = ends.into_iter().rev().find_map(|end| Some((end, list::get(&text[at..end])?)));
        let Some((end, listed)) = name else { continue };
        if let Some(entity) = accepted(text, words, (at, end), listed) {
            next = entity.end;
            found.push(entity);
        }
    }
}

fn accepted(text: &str, words: &[TaggedWord<'_>], (start, end): (usize, usize), listed: Listed) -> Option<Entity> {
    // Inside of a longer word of the dictionary a name is none.
    let inside = words.iter().skip_while(|word| word.end <= start).take(1);
    if inside.into_iter().any(|word| word.start < start && word.end > end && word.pos != Pos::Propn) {
        return None;
    }
    let kind = listed.kind;
    let model = list::model_end(text, end);
    // A brand and a number make up a product; a product goes on with its model.
    let product = match list::get(text[end..].split([' ', '，', ',']).next().unwrap_or_default()) {
        Some(next) if next.kind == EntityKind::Product => None,
        _ => (model > end && matches!(kind, EntityKind::Brand | EntityKind::Product)).then_some(model),
    };
    if let Some(model) = product {
        return Some(entity(EntityKind::Product, start, model, 0.85));
    }
    if listed.ambiguous && !near(text, (start, end), GOODS) {
        return None;
    }
    let goes_on =
        |words: &[&str]| words.iter().find(|word| text[end..].starts_with(**word)).map(|word| end + word.len());
    match kind {
        EntityKind::Place => {
            let whole = LANDS.iter().find(|land| text[end..].starts_with(**land)).map_or(end, |land| end + land.len());
            Some(entity(kind, start, whole, 0.9))
        }
        EntityKind::Brand | EntityKind::Organisation => match goes_on(&["公司", "集团"]) {
            Some(end) => Some(entity(EntityKind::Organisation, start, end, 0.9)),
            None => Some(entity(kind, start, end, 0.9)),
        },
        _ => Some(entity(kind, start, end, 0.9)),
    }
}

/// Whether one of `words` stands within some eight characters.
fn near(text: &str, (start, end): (usize, usize), words: &[&str]) -> bool {
    let from = text.floor_char_boundary(start.saturating_sub(12));
    let to = text.ceil_char_boundary(end + 24);
    words.iter().any(|word| text[end..to].contains(word) || text[from..start].contains(word))
}

/// 武汉大学, 中信出版社: nouns before what an institution's name ends in, a proper one first.
fn institutions(words: &[TaggedWord<'_>], found: &mut Vec<Entity>) {
    for (at, word) in words.iter().enumerate() {
        let Some(suffix) = INSTITUTIONS.iter().chain(LANDMARKS).find(|suffix| word.text.ends_with(**suffix)) else {
            continue;
        };
        let kind = if INSTITUTIONS.contains(suffix) { EntityKind::Organisation } else { EntityKind::Place };
        if word.text.len() > suffix.len() {
            let proper = word.pos == Pos::Propn || list::get(word.text.trim_end_matches(suffix)).is_some();
            if proper {
                found.push(entity(kind, word.start, word.end, 0.8));
                continue;
            }
        }
        let before = words[..at].iter().rev().take(3).scan(word.start, |next, word| {
            let joined =
                word.end == *next && matches!(word.pos, Pos::Propn | Pos::Noun) && word.text.chars().count() > 1;
            *next = word.start;
            joined.then_some(word)
        });
        let proper = before.filter(|word| word.pos == Pos::Propn || list::get(word.text).is_some()).last();
        if let Some(first) = proper {
            found.push(entity(kind, first.start, word.end, 0.75));
        }
    }
}

/// Places and people by the tags of jieba.
fn flagged(text: &str, limit: usize, found: &mut Vec<Entity>) {
    for (base, run, is_han) in runs(&text[..limit]) {
        if !is_han {
            continue;
        }
        let mut start = base;
        for (word, flag) in tagged_words(run) {
            let end = start + word.len();
            let characters = word.chars().count();
            match flag {
                "ns" if characters > 1 && word.ends_with(|c| PLACE_ENDS.contains(c)) => {
                    found.push(entity(EntityKind::Place, start, end, 0.7));
                }
                "nt" if characters > 2 => found.push(entity(EntityKind::Organisation, start, end, 0.7)),
                "nr" if characters == 3 && scrub::is_chinese_name(word) => {
                    found.push(entity(EntityKind::Person, start, end, 0.6));
                }
                _ => {}
            }
            start = end;
        }
    }
}
