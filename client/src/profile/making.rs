//! The making of a document, part by part.

use silhouette_text::Event;

use super::attributes::{self, Inferred};
use super::behavior::behavior;
use super::completeness::completeness;
use super::decay::Decay;
use super::document::{Attribute, Drift, Interest, PersonaTexts, ProfileDocument, Provenance};
use super::drift::drift;
use super::evidence::Witness;
use super::habits::habits;
use super::interests;
use super::owner::OwnerWord;
use super::places;
use super::plan::{Dimension, ProfilePlan, Section};
use super::predict::{HeadView, Predictions};
use super::sentiment::{self, sentiment};
use super::veto;
use super::words::WordView;
use super::{Making, ProfileError, SCHEMA_VERSION};
use crate::persona::{PersonaLanguage, compose};

/// What all parts look at.
struct Desk<'a> {
    events: &'a [Event],
    /// Numbers of the events that have a text.
    texts: &'a [usize],
    predictions: Option<&'a Predictions<'a>>,
    owner: &'a OwnerWord,
    decay: Decay,
}

pub(super) fn document(events: &[Event], making: &Making<'_>) -> Result<ProfileDocument, ProfileError> {
    let texts: Vec<usize> = (0..events.len()).filter(|&i| !events[i].text.trim().is_empty()).collect();
    let predictions = making.trained.map(|trained| Predictions::of(trained, events, &texts)).transpose()?;
    let plan = plan_of(making, predictions.as_ref())?;
    let nothing = OwnerWord::default();
    let owner = making.owner.unwrap_or(&nothing);
    owner.check(&plan)?;
    let desk = Desk { events, texts: &texts, predictions: predictions.as_ref(), owner, decay: Decay::of(events) };
    let mut document = desk.parts(&plan, making);
    veto::apply(&mut document, owner);
    document.completeness = completeness(&document, &plan, owner);
    document.persona = PersonaTexts {
        zh: compose(&document, PersonaLanguage::Zh).clauses,
        en: compose(&document, PersonaLanguage::En).clauses,
    };
    Ok(document)
}

/// The plan that is given, and after it what the model's heads imply.
fn plan_of(making: &Making<'_>, predictions: Option<&Predictions<'_>>) -> Result<ProfilePlan, ProfileError> {
    if let Some(plan) = making.plan {
        plan.validate()?;
    }
    let heads = predictions.map(|p| ProfilePlan::of_heads(&p.model.task().heads)).unwrap_or_default();
    Ok(match making.plan {
        Some(plan) => plan.clone().with(heads),
        None => heads,
    })
}

impl Desk<'_> {
    fn parts(&self, plan: &ProfilePlan, making: &Making<'_>) -> ProfileDocument {
        let mut witness = Witness::new(self.predictions, self.events);
        let of = |section: Section| plan.dimensions.iter().filter(move |dimension| dimension.section == section);
        let head = of(Section::Sentiment).find_map(|dimension| dimension.head.as_deref()).unwrap_or(sentiment::HEAD);
        let mixtures: Vec<Vec<Interest>> = of(Section::Interests).map(|d| self.mixture(d, &mut witness)).collect();
        let (mut sentiment, values) = sentiment(self.predictions, head, self.events, self.texts, &mut witness);
        sentiment.trend = sentiment::trend(self.events, self.texts, &values);
        for (dimension, mixture) in of(Section::Interests).zip(&mixtures) {
            if let Some(view) = self.view(dimension) {
                let field = interests::field(dimension);
                sentiment.aspects.extend(sentiment::aspects(&field, mixture, &view, &values));
            }
        }
        let demographics = self.attributes(of(Section::Demographics), &mut witness);
        let mut psychographics = self.attributes(of(Section::Psychographics), &mut witness);
        let own = |habit: &Attribute| plan.dimension(&habit.name).is_none();
        psychographics.extend(habits(self.events).into_iter().filter(own));
        let drift: Vec<Drift> = of(Section::Interests).filter_map(|dimension| self.drift(dimension)).collect();
        let mut evidence = witness.into_evidence();
        let scores = self.predictions.map_or_else(Vec::new, Predictions::score_means);
        let mut behavior = behavior(self.events, self.texts, scores, making.made_at);
        places::behavior(&mut behavior, self.events, &mut evidence);
        ProfileDocument {
            schema_version: SCHEMA_VERSION,
            interests: mixtures.into_iter().flatten().collect(),
            sentiment,
            behavior,
            demographics,
            psychographics,
            languages: places::languages(self.events, self.texts, &mut evidence),
            keywords: places::keywords(self.events, self.texts, &mut evidence),
            evidence,
            persona: PersonaTexts::default(),
            completeness: Default::default(),
            provenance: self.provenance(plan, making, drift),
        }
    }

    fn provenance(&self, plan: &ProfilePlan, making: &Making<'_>, drift: Vec<Drift>) -> Provenance {
        Provenance {
            model: making.trained.map(|t| t.hash.to_string()),
            engine: making.trained.map(|t| t.engine.name().to_owned()),
            round: making.trained.and_then(|t| t.round),
            made_at: making.made_at,
            as_of: self.events.iter().filter_map(|event| event.time).max(),
            plan: plan.name.clone(),
            drift,
        }
    }

    /// The head that judges a dimension, where the model has it and it may be inferred.
    fn view(&self, dimension: &Dimension) -> Option<HeadView<'_>> {
        let head = dimension.head.as_deref().filter(|_| self.owner.allows(dimension))?;
        self.predictions?.head(head).filter(|_| !self.texts.is_empty())
    }

    /// The lists of words that do, where no head does.
    fn words(&self, dimension: &Dimension) -> Option<WordView> {
        let listed = dimension.labels.iter().any(|label| !label.words.is_empty());
        let asked = listed && self.owner.allows(dimension);
        asked.then(|| WordView::of(dimension, self.events, self.texts)).filter(|view| !view.is_empty())
    }

    fn mixture(&self, dimension: &Dimension, witness: &mut Witness<'_>) -> Vec<Interest> {
        let mut found = match self.view(dimension) {
            Some(view) => interests::by_model(dimension, &view, &self.decay, witness),
            None => match self.words(dimension) {
                Some(view) => interests::by_words(dimension, &view, &self.decay, witness),
                None => Vec::new(),
            },
        };
        interests::with_declared(dimension, self.owner, &mut found);
        found
    }

    fn attributes<'d>(
        &self,
        dimensions: impl Iterator<Item = &'d Dimension>,
        witness: &mut Witness<'_>,
    ) -> Vec<Attribute> {
        let of = |dimension: &Dimension| {
            let head = self.view(dimension);
            let words = if head.is_some() { None } else { self.words(dimension) };
            let inferred = match (&head, &words) {
                (Some(view), _) => Inferred::by_model(view, self.texts.len()),
                (None, Some(view)) => Inferred::by_words(dimension, view),
                (None, None) => None,
            };
            attributes::attribute(dimension, self.owner, inferred.as_ref(), head.as_ref(), words.as_ref(), witness)
        };
        dimensions.filter_map(of).collect()
    }

    fn drift(&self, dimension: &Dimension) -> Option<Drift> {
        let view = self.view(dimension)?;
        drift(interests::field(dimension), &view, self.events, view.events())
    }
}
