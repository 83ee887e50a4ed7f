//! Chinese names: a surname, one or two characters more, and words before or after that tell.

use std::{collections::HashSet, sync::LazyLock};

use super::{super::set::CharSet, View};
use crate::script::Script;

const SURNAMES: &str = include_str!("../../../data/surnames.zh.txt");

/// Words of two or three characters with a surname in them, from the jieba dictionary.
const NOT_NAMES: &str = include_str!("../../../data/not_names.zh.txt");

/// After these comes a name and hardly anything else.
const STRONG: &[&str] = &[
    "我叫",
    "名叫",
    "名字叫",
    "名字是",
    "姓名",
    "联系人",
    "收件人",
    "收货人",
    "寄件人",
    "签收人",
    "持卡人",
    "开户名",
    "户名",
    "署名",
    "签收人写",
    "法定代表人",
    "紧急联系人",
    "住客",
    "乘客",
    "患者",
];
/// After these may come a name.
const WEAK: &[&str] = &["我是", "本人", "叫", "这是"];

/// What may stand between a word that tells of a name and the name.
const BETWEEN: &[&str] = &["姓名", "写的是", "写的", "是", "为", ":", " ", "\"", "叫"];

const TITLES: &[&str] = &[
    "先生",
    "女士",
    "小姐",
    "老师",
    "医生",
    "大夫",
    "教授",
    "经理",
    "师傅",
    "同学",
    "阿姨",
    "叔叔",
    "律师",
    "主任",
    "护士",
    "太太",
    "夫人",
    "警官",
    "总监",
    "校长",
    "院长",
    "教练",
    "管家",
    "博士",
    "工程师",
    "队长",
    "班长",
    "大哥",
    "大姐",
];

/// Characters that no given name has.
const FUNCTION: &str =
    "的了是在不有没这那我你他她它们个什么很都也就与从到把被给让说想要吗呢吧啊呀哦来去买卖用看吃喝先老女";

/// Surnames that are everyday words by themselves.
const EVERYDAY: &str = "于向时连成应常全单商万安白水明路文有关管官方项任解计和";

/// Words that a name is followed by: where one begins, the name has ended.
const AFTER: &str = "的在是和与跟他她我您你收来今住说打电手身于于,也都,就,从,给,已,有,没,要,想,很,还,,女先小老同师医律教经主阿叔护太警校院,上下";

struct Names {
    single: CharSet,
    double_first: CharSet,
    double: HashSet<&'static str>,
    common: HashSet<String>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let surnames = || SURNAMES.split_whitespace();
    let single = CharSet::of(surnames().filter_map(|name| name.chars().next().filter(|c| c.len_utf8() == name.len())));
    let double = surnames().filter(|name| name.chars().nth(1).is_some()).collect();
    let double: HashSet<&str> = double;
    let double_first = CharSet::first_of(&double);
    let mut common = HashSet::new();
    for line in NOT_NAMES.lines() {
        // A first character and the second ones it makes words with, or whole words.
        match line.split_once(' ') {
            Some((first, seconds)) if first.chars().nth(1).is_none() => {
                common.extend(seconds.chars().map(|second| format!("{first}{second}")));
            }
            _ => common.extend(line.split(' ').map(str::to_owned)),
        }
    }
    common.extend(["房务", "点钟", "楼管", "班主"].map(str::to_owned));
    Names { single, double_first, double, common }
});

static FIRST: LazyLock<CharSet> = LazyLock::new(|| CharSet::first_of(STRONG.iter().chain(WEAK)));

pub(super) fn at(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    if Script::of(view.get(at)) != Script::Han {
        return None;
    }
    let told = || after(view, at, STRONG, true).or_else(|| after(view, at, WEAK, false));
    FIRST.contains(view.get(at)).then(told).flatten().or_else(|| titled(view, at))
}

/// A name after a word that tells of one.
fn after(view: &View<'_>, at: usize, words: &[&str], strong: bool) -> Option<((usize, usize), f32)> {
    let word = words.iter().find(|word| view.starts_with(at, word))?;
    let mut from = at + word.chars().count();
    let limit = from + 4;
    while from < limit {
        let Some(word) = BETWEEN.iter().find(|word| view.starts_with(from, word)) else { break };
        from += word.chars().count();
    }
    let length = surname(view, from)?;
    let given = [2, 1].map(|given| from + length + given);
    let end = given.into_iter().find(|&end| {
        let three = end - from - length == 2;
        may_be_name(view, from, end) && ends(view, end, strong) && !(three && AFTER.contains(view.get(end - 1)))
    })?;
    let titled = title(view, end).is_some();
    let bounded = Script::of(view.get(end)) != Script::Han;
    let long = end - from >= 3;
    match (strong, titled || bounded, long) {
        (true, ..) => Some(((from, end), 0.9)),
        (false, true, _) => Some(((from, end), if long { 0.8 } else { 0.7 })),
        (false, false, true) => Some(((from, end), 0.6)),
        (false, false, false) => None,
    }
}

/// Whether a name may end before `end`.
fn ends(view: &View<'_>, end: usize, strong: bool) -> bool {
    let next = view.get(end);
    Script::of(next) != Script::Han || AFTER.contains(next) || strong && title(view, end).is_some()
}

/// A name that begins at `at` and is followed by a title.
fn titled(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let length = surname(view, at)?;
    let before = view.get_before(at);
    let joined = Script::of(before) == Script::Han && is_common(&[before, view.get(at)]);
    let end = (0..=2).map(|given| at + length + given).find(|&end| title(view, end).is_some())?;
    let alone = end == at + length;
    if alone {
        let everyday = length == 1 && EVERYDAY.contains(view.get(at));
        return (!joined && !everyday && before != view.get(at)).then_some(((at, end), 0.8));
    }
    let joined = joined || is_common(view.slice(end - 2, end)) || before == view.get(at);
    (!joined && may_be_name(view, at, end)).then_some(((at, end), 0.85))
}

fn title(view: &View<'_>, at: usize) -> Option<&'static str> {
    TITLES.iter().find(|title| view.starts_with(at, title)).copied()
}

/// The length of the surname at `at`, one or two characters.
fn surname(view: &View<'_>, at: usize) -> Option<usize> {
    let (first, second) = (view.get(at), view.get(at + 1));
    if NAMES.double_first.contains(first) && NAMES.double.contains([first, second].iter().collect::<String>().as_str())
    {
        return Some(2);
    }
    NAMES.single.contains(first).then_some(1)
}

pub(super) fn is_name(view: &View<'_>) -> bool {
    surname(view, 0).is_some() && may_be_name(view, 0, view.len())
}

/// Characters that make no word and that given names have.
fn may_be_name(view: &View<'_>, from: usize, end: usize) -> bool {
    let name = view.slice(from, end);
    let doubled = name.first() == name.get(1);
    if name.len() < end - from || doubled || !name.iter().all(|&c| Script::of(c) == Script::Han) {
        return false;
    }
    let double = NAMES.double.contains(name[..2].iter().collect::<String>().as_str());
    let given = &name[if double { 2 } else { 1 }..];
    let common = !double && (is_common(&name[..2]) || name.len() == 3 && is_common(name));
    !common && !given.iter().any(|&c| FUNCTION.contains(c)) && (1..=2).contains(&given.len())
}

fn is_common(word: &[char]) -> bool {
    NAMES.common.contains(word.iter().collect::<String>().as_str())
}
