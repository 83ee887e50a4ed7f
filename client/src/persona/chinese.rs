//! The Chinese sentences.

use silhouette_text::Language;

use super::{Grammar, Named, Strength, Tone, percent};
use crate::profile::{ProfileDocument, SentimentSource};

pub(super) struct Chinese;

const DAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];

/// `甲`, `甲和乙`, `甲、乙和丙`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{}和{last}", first.join("、")),
    }
}

impl Grammar for Chinese {
    fn too_little(&self, texts: usize) -> String {
        match texts {
            0 => "目前还没有文本，无法描述。".into(),
            n => format!("目前只有{n}条文本，信息太少，难以下结论。"),
        }
    }

    fn interests(&self, head: &str, strength: Strength, labels: &[Named<'_>]) -> String {
        let named: Vec<_> = labels.iter().map(|i| format!("{}（{}%）", i.name, percent(i.share))).collect();
        let how = match strength {
            Strength::Clear => "明显偏向",
            Strength::Likely => "较可能偏向",
            Strength::Perhaps => "或许偏向",
        };
        format!("从{}看，{how}{}。", head, list(&named))
    }

    fn tone(&self, tone: Tone, document: &ProfileDocument) -> String {
        let s = &document.sentiment;
        let tone = match tone {
            Tone::Positive => "积极",
            Tone::Balanced => "平和",
            Tone::Negative => "消极",
        };
        let how = match Strength::of(s.confidence) {
            Strength::Clear => "语气",
            Strength::Likely => "语气看来",
            Strength::Perhaps => "语气或许",
        };
        let judge = match s.source {
            SentimentSource::Lexicon => "，依词表判断",
            SentimentSource::Model => "",
        };
        format!("{how}{tone}（正面{}%，负面{}%{judge}）。", percent(s.positive), percent(s.negative))
    }

    fn keywords(&self, words: &[&str]) -> String {
        format!("常用词有{}。", words.join("、"))
    }

    fn languages(&self, document: &ProfileDocument) -> Option<String> {
        let name = |language| match language {
            Language::Zh => "中文",
            Language::En => "英文",
            Language::Mixed => "中英混合",
            Language::Other => "其他语言",
        };
        let shares: Vec<_> = document.languages.iter().filter(|l| l.share >= 0.05).collect();
        let named: Vec<_> = shares.iter().map(|l| format!("{}（{}%）", name(l.language), percent(l.share))).collect();
        match shares.as_slice() {
            [] => None,
            [only] => Some(format!("文本使用{}。", name(only.language))),
            _ => Some(format!("文本使用{}。", list(&named))),
        }
    }

    fn rhythm(&self, hours: &[u8], weekday: Option<usize>, per_week: f64) -> String {
        let hours: Vec<_> = hours.iter().map(|h| format!("{h}时")).collect();
        let day = weekday.map_or_else(String::new, |d| format!("，{}最多", DAYS[d]));
        format!("多在{}（UTC）活跃{day}，平均每周约{per_week:.1}条。", hours.join("、"))
    }

    fn rating(&self, mean: f64) -> String {
        format!("给出的评分平均为{mean:.1}。")
    }
}
