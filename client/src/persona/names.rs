//! What heads and labels are called in the language of the persona.
//!
//! The task's own display names come first. For usual labels there is a list, so that a Chinese
//! sentence does not hold an English word, nor the other way round, when the name is known.

use super::PersonaLanguage;
use crate::profile::{Interest, Shown};

/// Usual names of heads, English and Chinese.
const HEADS: [(&str, &str); 9] = [
    ("category", "类别"),
    ("emotion", "情绪"),
    ("group", "群组"),
    ("interest", "兴趣"),
    ("interests", "兴趣"),
    ("mood", "心情"),
    ("sentiment", "情感"),
    ("subject", "主题"),
    ("topic", "话题"),
];

/// Usual labels, English and Chinese.
const LABELS: [(&str, &str); 48] = [
    ("art", "艺术"),
    ("books", "书籍"),
    ("business", "商业"),
    ("cars", "汽车"),
    ("clothes", "衣服"),
    ("computers", "计算机"),
    ("computing", "电脑"),
    ("cooking", "美食"),
    ("economy", "经济"),
    ("education", "教育"),
    ("entertainment", "娱乐"),
    ("family", "家庭"),
    ("fashion", "时尚"),
    ("film", "电影"),
    ("finance", "财经"),
    ("fitness", "健身"),
    ("food", "饮食"),
    ("fruit", "水果"),
    ("games", "游戏"),
    ("gardening", "园艺"),
    ("health", "健康"),
    ("history", "历史"),
    ("hotels", "酒店"),
    ("language", "语言"),
    ("literature", "文学"),
    ("marketplace", "买卖"),
    ("medicine", "医学"),
    ("military", "军事"),
    ("music", "音乐"),
    ("nature", "自然"),
    ("negative", "消极"),
    ("neutral", "中性"),
    ("news", "新闻"),
    ("pets", "宠物"),
    ("phones", "手机"),
    ("photography", "摄影"),
    ("politics", "政治"),
    ("positive", "积极"),
    ("reading", "阅读"),
    ("religion", "宗教"),
    ("science", "科学"),
    ("shampoo", "洗发水"),
    ("sport", "体育"),
    ("tablets", "平板"),
    ("technology", "科技"),
    ("travel", "旅行"),
    ("vehicles", "车辆"),
    ("water heaters", "热水器"),
];

/// What the head of `interest` is called.
pub(super) fn head(interest: &Interest, language: PersonaLanguage) -> &str {
    let own = shown(interest, language).and_then(|s| s.head.as_deref());
    own.or_else(|| listed(&HEADS, &interest.head, language)).unwrap_or(&interest.head)
}

/// What the label of `interest` is called.
pub(super) fn label(interest: &Interest, language: PersonaLanguage) -> &str {
    let own = shown(interest, language).and_then(|s| s.label.as_deref());
    own.or_else(|| listed(&LABELS, &interest.label, language)).unwrap_or(&interest.label)
}

fn shown(interest: &Interest, language: PersonaLanguage) -> Option<&Shown> {
    interest.shown.get(match language {
        PersonaLanguage::Zh => "zh",
        PersonaLanguage::En => "en",
    })
}

fn listed(list: &[(&'static str, &'static str)], name: &str, language: PersonaLanguage) -> Option<&'static str> {
    let lower = name.trim().to_lowercase();
    match language {
        PersonaLanguage::Zh => list.iter().find(|pair| pair.0 == lower).map(|pair| pair.1),
        PersonaLanguage::En => list.iter().find(|pair| pair.1 == lower).map(|pair| pair.0),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn interest(head: &str, label: &str) -> Interest {
        Interest {
            head: head.into(),
            label: label.into(),
            path: vec![label.into()],
            share: 1.0,
            recent: 1.0,
            confidence: 1.0,
            texts: 1,
            origin: crate::profile::Origin::Model,
            shown: BTreeMap::new(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn usual_names_are_translated_both_ways() {
        let (zh, en) = (PersonaLanguage::Zh, PersonaLanguage::En);
        assert_eq!((head(&interest("Topic", ""), zh), label(&interest("", "sport"), zh)), ("话题", "体育"));
        assert_eq!((head(&interest("类别", ""), en), label(&interest("", "手机"), en)), ("category", "phones"));
        assert_eq!((label(&interest("", "蒙牛"), zh), label(&interest("", "蒙牛"), en)), ("蒙牛", "蒙牛"));
        assert_eq!(label(&interest("", "sport"), en), "sport");
    }

    #[test]
    fn the_tasks_own_names_come_first() {
        let mut own = interest("topic", "sport");
        own.shown.insert("zh".into(), Shown { head: None, label: Some("运动".into()) });
        assert_eq!(label(&own, PersonaLanguage::Zh), "运动");
        assert_eq!((head(&own, PersonaLanguage::Zh), label(&own, PersonaLanguage::En)), ("话题", "sport"));
    }

    #[test]
    fn no_name_is_listed_twice() {
        for list in [&HEADS[..], &LABELS[..]] {
            assert_eq!(list.iter().map(|p| p.0).collect::<BTreeSet<_>>().len(), list.len());
        }
        assert_eq!(LABELS.iter().map(|p| p.1).collect::<BTreeSet<_>>().len(), LABELS.len());
    }
}
