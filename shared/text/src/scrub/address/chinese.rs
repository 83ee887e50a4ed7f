//! Chinese addresses: province, city, district, road, house number, from the large to the small.

use std::sync::LazyLock;

use super::{super::set::CharSet, View};
use crate::script::Script;

/// Where an address may begin: provinces and large cities.
const PLACES: &[&str] = &[
    "北京",
    "天津",
    "上海",
    "重庆",
    "河北",
    "山西",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "海南",
    "四川",
    "贵州",
    "云南",
    "陕西",
    "甘肃",
    "青海",
    "台湾",
    "内蒙古",
    "广西",
    "西藏",
    "宁夏",
    "新疆",
    "香港",
    "澳门",
    "广州",
    "深圳",
    "杭州",
    "南京",
    "武汉",
    "成都",
    "西安",
    "苏州",
    "青岛",
    "大连",
    "宁波",
    "厦门",
    "无锡",
    "长沙",
    "郑州",
    "济南",
    "沈阳",
    "哈尔滨",
    "长春",
    "合肥",
    "福州",
    "南昌",
    "昆明",
    "贵阳",
    "南宁",
    "太原",
    "石家庄",
    "兰州",
    "佛山",
    "东莞",
    "珠海",
    "温州",
    "常州",
    "烟台",
    "徐州",
    "南通",
    "绍兴",
    "嘉兴",
    "扬州",
    "海口",
    "三亚",
];

/// Characters after which an address may begin.
const LEAD: &str = "在住到是于寄址至往从去回送写为家";

/// Characters that no name of a place has: they end the address.
const STOP: &str = "位的了是我你他她它很都也就去来和有不没请送收打说在到住吗呢吧被把给让与及或着过要会能可";

/// Of these, the ones that names of districts begin with all the same.
const MAY_BEGIN: &str = "和来会都去过";

const ADMINISTRATIVE: &str = "省市区县旗州盟镇乡";
const ROAD: &[&str] = &["大道", "大街", "胡同", "路", "街", "巷", "段"];
const COMMUNITY: &[&str] = &[
    "小区",
    "花园",
    "公寓",
    "大厦",
    "广场",
    "家园",
    "新村",
    "产业园",
    "工业园",
    "科技园",
    "创意园",
    "学院",
    "大学",
    "苑",
    "村",
    "城",
    "中心",
    "院",
];
const NUMBER: &[&str] = &["号楼", "号院", "单元", "号", "栋", "幢", "座", "室", "层", "楼", "弄", "组", "户", "门"];

/// After these a number is no room: a year, a price, a quantity.
const COUNTED: &str = "年月日元块个件米公多万折点度家次天%.";

/// Most characters of an address, and of one of its parts.
const MAX_LENGTH: usize = 60;
const MAX_PART: usize = 10;

static PLACE_FIRST: LazyLock<CharSet> = LazyLock::new(|| CharSet::first_of(PLACES));

fn place_at(view: &View<'_>, at: usize) -> Option<&'static str> {
    let known = || PLACES.iter().find(|place| view.starts_with(at, place)).copied();
    PLACE_FIRST.contains(view.get(at)).then(known).flatten()
}

/// What was read of an address so far.
#[derive(Default)]
struct Parts {
    administrative: usize,
    road: bool,
    community: bool,
    number: bool,
}

/// The end of the address that begins at `at`.
pub(super) fn at(view: &View<'_>, at: usize) -> Option<(usize, f32)> {
    if Script::of(view.get(at)) != Script::Han || STOP.contains(view.get(at)) {
        return None;
    }
    let before = view.get_before(at);
    let begins = Script::of(before) != Script::Han && !before.is_ascii_alphanumeric()
        || LEAD.contains(before)
        || place_at(view, at).is_some();
    if !begins {
        return None;
    }
    let (end, parts) = read(view, at);
    let located = parts.road || parts.community && (parts.administrative > 0 || parts.number);
    if end == at || !located || !parts.number || !parts.road && parts.administrative == 0 {
        return None;
    }
    Some((end, if parts.administrative > 0 { 0.9 } else { 0.7 }))
}

/// Reads part after part; the end is that of the last whole part.
fn read(view: &View<'_>, from: usize) -> (usize, Parts) {
    let mut parts = Parts::default();
    let (mut at, mut end, mut part) = (from, from, from);
    while at < from + MAX_LENGTH && at - part <= MAX_PART {
        let c = view.get(at);
        let belongs = Script::of(c) == Script::Han || c.is_ascii_alphanumeric() || c == '-' || c == '#';
        let joint = matches!(c, ' ' | ',')
            && end == at
            && Script::of(view.get(at + 1)) == Script::Han
            && parts.administrative > 0
            && !parts.road;
        if joint {
            at += 1;
            part = at;
            continue;
        }
        if let Some(place) = place_at(view, at) {
            at += place.chars().count() - 1;
        } else if !belongs || STOP.contains(c) && !(at == part && names_a_district(view, at, &parts)) {
            break;
        }
        let Some(length) = suffix(view, at, part, &mut parts) else {
            at += 1;
            continue;
        };
        at += length;
        end = at;
        part = at;
        if let Some(room) = room(view, at, &parts) {
            parts.number = true;
            (at, end, part) = (room, room, room);
        }
    }
    (end, parts)
}

/// Whether a character that seldom begins a name does so here, as in 天津市和平区.
fn names_a_district(view: &View<'_>, at: usize, parts: &Parts) -> bool {
    let begins = MAY_BEGIN.contains(view.get(at)) && parts.administrative > 0;
    begins && (at + 2..=at + 3).any(|end| ADMINISTRATIVE.contains(view.get(end)))
}

/// The length of the suffix at `at` that ends the part begun at `part`, noted in `parts`.
fn suffix(view: &View<'_>, at: usize, part: usize, parts: &mut Parts) -> Option<usize> {
    let length = |words: &[&str]| words.iter().find(|word| view.starts_with(at, word)).map(|word| word.chars().count());
    let numbered = at > part && view.slice(part, at).iter().all(|&c| is_number(c));
    if numbered {
        // A number with no street or building before it, such as 一楼, is not a house.
        let length = length(NUMBER).filter(|_| parts.road || parts.community)?;
        parts.number = true;
        return Some(length);
    }
    // Without a name, or with one of a single character such as 市区, there is no part.
    if at < part + 1 {
        return None;
    }
    if let Some(length) = length(COMMUNITY) {
        parts.community = true;
        return Some(length);
    }
    // 知道 is no road, 天津市南开区卫津道 has one.
    let way = view.get(at) == '道' && parts.administrative > 0;
    if let Some(length) = length(ROAD).or_else(|| way.then_some(1)) {
        parts.road = true;
        return Some(length);
    }
    let named = at >= part + 2 || view.slice(part, at).iter().any(|&c| Script::of(c) == Script::Han);
    if ADMINISTRATIVE.contains(view.get(at)) && named {
        // 市区 and 区县 are words, not the ends of names.
        parts.administrative += 1;
        return Some(1);
    }
    // A lettered part such as A座.
    let lettered = view.slice(part, at).iter().rev().take(4).all(char::is_ascii_alphanumeric);
    if let Some(length) = length(NUMBER).filter(|_| lettered || parts.road) {
        let tail = view.slice(part, at).iter().rev().take_while(|&&c| is_number(c)).count();
        if tail > 0 || lettered {
            parts.number = true;
            return Some(length);
        }
    }
    None
}

fn is_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '#') || "一二三四五六七八九十零〇百甲乙丙丁".contains(c)
}

/// The end of a bare room number after a building.
fn room(view: &View<'_>, at: usize, parts: &Parts) -> Option<usize> {
    if !(parts.community || parts.number) {
        return None;
    }
    let letter = usize::from(view.get(at).is_ascii_uppercase());
    let end = view.run(at + letter, 6, |c| c.is_ascii_digit() || c == '-');
    let digits = view.slice(at + letter, end).iter().filter(|c| c.is_ascii_digit()).count();
    let after = view.get(end);
    let suffixed = NUMBER.iter().any(|word| view.starts_with(end, word));
    let whole = (3..=5).contains(&digits) && view.get_before(end) != '-' && !after.is_ascii_alphanumeric();
    (whole && !suffixed && !COUNTED.contains(after)).then_some(end)
}
