//! Turns what an AWS account has into rows.
//!
//! ```text
//!   fleet x + stack x, associated   ─► environment x
//!   fleet x, stacks y and z on it   ─► environment x with stack y, environment z with fleetRef x
//!   fleet x alone, stack x alone    ─► environments x and x-stack
//! ```
//!
//! Everything that AWS returned and a row can say is said, AWS's defaults included: what a row
//! leaves out is not managed, and nobody would hear of its drift.
//!
//! # Invariants
//!
//! - A row says what AWS said and nothing else: its plan finds no difference.
//! - Whatever was seen ends in a row or among what is left out, with the reason.
//! - Nothing here names a single field of a fleet or stack whose value is plain: the tables of
//!   [`crate::fields`] do.

mod naming;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use self::naming::Names;
use crate::action::ObjectRef;
use crate::observed::{
    Inventory, Observed, ObservedFleet, ObservedStack, ObservedTags, ObservedWorld, Scaling,
};
use crate::plan::UID_TAG;

/// What is known beside what AWS said.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The account that was looked at, 12 digits.
    pub account: &'a str,
    /// Every row there is, of whichever scope.
    pub rows: &'a [ExistingRow],
    /// Fleets and stacks of these names only; all of them when empty.
    pub only: &'a BTreeSet<String>,
}

/// A row that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingRow {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub uid: Uuid,
    /// Whether it lives in the account and region that was looked at.
    pub is_here: bool,
    /// The fleet it declares.
    pub fleet: Option<String>,
    /// The stack it declares.
    pub stack: Option<String>,
}

/// Rows to insert, and what there is no row for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// The rows, by name.
    pub rows: Vec<NewRow>,
    /// What rows keep already.
    pub kept: Vec<Remark>,
    /// What is left out, or in part.
    pub left_out: Vec<Remark>,
}

/// A row to insert.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRow {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub spec: Value,
    /// What it is made of.
    pub objects: Vec<ObjectRef>,
}

/// Why there is no row for something, or one that does not say all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The object, such as `fleet/cfd`.
    pub object: String,
    /// Why, for people.
    pub why: String,
}

/// Turns what one look brought back into rows.
#[must_use]
pub fn import(world: &ObservedWorld, surroundings: Surroundings<'_>) -> Import {
    let mut making = Making {
        world,
        surroundings,
        names: Names::new(surroundings.rows),
        import: Import::default(),
        owners: BTreeMap::new(),
    };
    let fleets = making.free_fleets();
    let stacks = making.free_stacks();
    let mut stacks_of: BTreeMap<&str, Vec<&ObservedStack>> = BTreeMap::new();
    let mut alone = Vec::new();
    for stack in stacks {
        match making.fleet_of(stack) {
            Some(fleet) => stacks_of.entry(fleet).or_default().push(stack),
            None => alone.push(stack),
        }
    }
    for row in surroundings.rows.iter().filter(|row| row.is_here) {
        if let Some(fleet) = &row.fleet {
            making.owners.insert(fleet.clone(), row.name.clone());
        }
    }
    let mut referring = Vec::new();
    for fleet in fleets {
        let mut stacks = stacks_of.remove(fleet.name.as_str()).unwrap_or_default();
        // The namesake goes with its fleet, else the first.
        stacks.sort_by_key(|stack| (stack.name != fleet.name, stack.name.as_str()));
        let mut stacks = stacks.into_iter();
        making.declare_fleet(fleet, stacks.next());
        referring.extend(stacks.map(|stack| (fleet.name.as_str(), stack)));
    }
    let others = stacks_of
        .into_iter()
        .flat_map(|(fleet, stacks)| stacks.into_iter().map(move |stack| (fleet, stack)));
    for (fleet, stack) in referring.into_iter().chain(others) {
        making.declare_stack(stack, Some(fleet));
    }
    for stack in alone {
        making.declare_stack(stack, None);
    }
    let mut import = making.import;
    import.rows.sort_by(|a, b| a.name.cmp(&b.name));
    import.kept.sort();
    import.left_out.sort();
    import
}

impl Import {
    /// The same without the rows of these names, which were refused for the given reasons: their
    /// objects are left out, and who refers to them is without a fleet.
    #[must_use]
    pub fn without(mut self, refused: &BTreeMap<String, Vec<String>>) -> Self {
        let (gone, mut rows): (Vec<NewRow>, Vec<NewRow>) = self
            .rows
            .into_iter()
            .partition(|row| refused.contains_key(&row.name));
        for row in gone {
            let faults = refused.get(&row.name).map(|faults| faults.join("; "));
            let why = format!("no row can say it: {}", faults.unwrap_or_default());
            self.left_out
                .extend(row.objects.iter().map(|object| Remark {
                    object: object.to_string(),
                    why: why.clone(),
                }));
        }
        for row in &mut rows {
            let owner = row.spec["fleetRef"].as_str();
            let Some(owner) = owner.filter(|owner| refused.contains_key(*owner)) else {
                continue;
            };
            let why = format!(
                "the fleet of environment {owner} has no row, so its association is not kept"
            );
            self.left_out
                .extend(row.objects.iter().map(|object| Remark {
                    object: object.to_string(),
                    why: why.clone(),
                }));
            if let Some(spec) = row.spec.as_object_mut() {
                spec.remove("fleetRef");
            }
        }
        self.rows = rows;
        self.left_out.sort();
        self
    }
}

/// An import in the making.
struct Making<'a> {
    world: &'a ObservedWorld,
    surroundings: Surroundings<'a>,
    names: Names<'a>,
    import: Import,
    /// The environment of each fleet, of rows there are and rows to come.
    owners: BTreeMap<String, String>,
}

impl<'a> Making<'a> {
    /// Fleets that no row declares and nobody owns.
    fn free_fleets(&mut self) -> Vec<&'a ObservedFleet> {
        let world = self.world;
        self.free(
            &world.fleets,
            ObjectRef::fleet,
            |fleet| &fleet.tags,
            |row| row.fleet.as_deref(),
        )
    }

    /// Stacks that no row declares and nobody owns.
    fn free_stacks(&mut self) -> Vec<&'a ObservedStack> {
        let world = self.world;
        self.free(
            &world.stacks,
            ObjectRef::stack,
            |stack| &stack.tags,
            |row| row.stack.as_deref(),
        )
    }

    fn free<T>(
        &mut self,
        inventory: &'a Inventory<T>,
        object: fn(String) -> ObjectRef,
        tags: fn(&T) -> &ObservedTags,
        declared: fn(&ExistingRow) -> Option<&str>,
    ) -> Vec<&'a T> {
        let Surroundings { rows, only, .. } = self.surroundings;
        let mut free = Vec::new();
        for (name, found) in &inventory.items {
            if !only.is_empty() && !only.contains(name) {
                continue;
            }
            let object = object(name.clone());
            let keeper = rows
                .iter()
                .find(|row| row.is_here && declared(row) == Some(name));
            match (found, keeper) {
                (_, Some(row)) => {
                    self.keep(&object, format!("environment {} declares it", row.name))
                }
                // Gone since the list was read.
                (Observed::Absent, None) => {}
                (Observed::Unknown(why), None) => {
                    self.leave(&object, format!("it could not be read: {why}"));
                }
                (Observed::Present(item), None) => {
                    if self.is_free(&object, tags(item)) {
                        free.push(item);
                    }
                }
            }
        }
        free
    }

    fn is_free(&mut self, object: &ObjectRef, tags: &ObservedTags) -> bool {
        let tags = match tags {
            ObservedTags::Known(tags) => tags,
            ObservedTags::Listed(_) => {
                self.leave(object, "its tags were only listed".to_owned());
                return false;
            }
            ObservedTags::Unknown(why) => {
                self.leave(object, format!("its tags could not be read: {why}"));
                return false;
            }
        };
        let Some(uid) = tags.get(UID_TAG) else {
            return true;
        };
        let rows = self.surroundings.rows;
        let owner = rows
            .iter()
            .find(|row| row.uid.hyphenated().to_string() == *uid);
        match owner {
            Some(row) => self.keep(object, format!("it belongs to environment {}", row.name)),
            None => self.leave(
                object,
                format!(
                    "it carries {UID_TAG}={uid}, and no row here has that identity; remove its \
                     streamkeeper: tags if nobody keeps it any more"
                ),
            ),
        }
        false
    }

    /// The fleet of a stack. A stack has one; what cannot be read is said.
    fn fleet_of(&mut self, stack: &ObservedStack) -> Option<&'a str> {
        let world = self.world;
        let object = ObjectRef::stack(&stack.name);
        match world.associations.get(&stack.name) {
            Some(Observed::Present(fleets)) => {
                if fleets.len() > 1 {
                    let all: Vec<&str> = fleets.iter().map(String::as_str).collect();
                    let why = format!("it has several fleets, and a row one: {}", all.join(", "));
                    self.leave(&object, why);
                    return None;
                }
                fleets.iter().next().map(String::as_str)
            }
            Some(Observed::Absent) => None,
            Some(Observed::Unknown(why)) => {
                self.leave(&object, format!("its association could not be read: {why}"));
                None
            }
            None => {
                self.leave(&object, "its association was not read".to_owned());
                None
            }
        }
    }

    /// Makes the row of a fleet, with one of its stacks.
    fn declare_fleet(&mut self, fleet: &ObservedFleet, stack: Option<&ObservedStack>) {
        let objects: Vec<ObjectRef> = [ObjectRef::fleet(&fleet.name)]
            .into_iter()
            .chain(stack.map(|stack| ObjectRef::stack(&stack.name)))
            .collect();
        let Some(name) = self.name(&objects, &fleet.name, "fleet") else {
            return;
        };
        let mut spec = spec_of([Some(&fleet.tags), stack.map(|stack| &stack.tags)]);
        if let Some(image) = settings::image(&fleet.settings, self.surroundings.account) {
            spec["image"] = image;
        }
        spec["fleet"] = settings::fleet(fleet);
        if fleet.name != name {
            spec["fleet"]["name"] = json!(fleet.name);
        }
        if self.is_scaled(&fleet.name) {
            spec["ignore"] = json!(["fleet.computeCapacity"]);
        }
        if let Some(stack) = stack {
            self.put_stack(&mut spec, &name, stack);
        }
        self.owners.insert(fleet.name.clone(), name.clone());
        self.import.rows.push(NewRow {
            name,
            spec,
            objects,
        });
    }

    /// Whether Application Auto Scaling sets the capacity of a fleet. Where we may not ask, the
    /// daemon may not either, and says what differs.
    fn is_scaled(&mut self, fleet: &str) -> bool {
        match self.world.scaling.get(fleet) {
            Some(Observed::Present(Scaling::Target { .. })) => true,
            Some(Observed::Present(Scaling::Hidden) | Observed::Absent) | None => false,
            Some(Observed::Unknown(why)) => {
                let why = format!("whether anything scales it could not be read: {why}");
                self.leave(&ObjectRef::fleet(fleet), why);
                false
            }
        }
    }

    /// Makes the row of a stack alone, or on the fleet of another row.
    fn declare_stack(&mut self, stack: &ObservedStack, fleet: Option<&str>) {
        let object = ObjectRef::stack(&stack.name);
        let Some(name) = self.name(std::slice::from_ref(&object), &stack.name, "stack") else {
            return;
        };
        let mut spec = spec_of([Some(&stack.tags), None]);
        self.put_stack(&mut spec, &name, stack);
        match fleet.map(|fleet| (fleet, self.owners.get(fleet))) {
            Some((_, Some(owner))) => spec["fleetRef"] = json!(owner),
            Some((fleet, None)) => {
                let why = format!("fleet/{fleet} has no row, so its association is not kept");
                self.leave(&object, why);
            }
            None => {}
        }
        self.import.rows.push(NewRow {
            name,
            spec,
            objects: vec![object],
        });
    }

    fn put_stack(&mut self, spec: &mut Value, environment: &str, stack: &ObservedStack) {
        let (mut tree, unknown) = settings::stack(stack);
        if stack.name != environment {
            tree["name"] = json!(stack.name);
        }
        spec["stack"] = tree;
        for action in unknown {
            let why = format!("this version knows no user setting {action}, so it is not kept");
            self.leave(&ObjectRef::stack(&stack.name), why);
        }
        self.theme_of(stack);
    }

    /// Says that a theme is left out: a row has to say where its pictures are, and AWS does not.
    fn theme_of(&mut self, stack: &ObservedStack) {
        let object = ObjectRef::stack(&stack.name);
        match self.world.access.themes.get(&stack.name) {
            Some(Observed::Present(_)) => {
                let why = "its theme is not kept, because AWS does not say where its logo and \
                     favicon came from; it stays as it is until stack.theme says so";
                self.leave(&object, why.to_owned());
            }
            Some(Observed::Unknown(why)) => {
                let why = format!("whether it has a theme could not be read: {why}");
                self.leave(&object, why);
            }
            Some(Observed::Absent) | None => {}
        }
    }

    /// A name for a row; says why there is none.
    fn name(&mut self, objects: &[ObjectRef], wish: &str, kind: &str) -> Option<String> {
        match self.names.take(wish, kind) {
            Ok(name) => Some(name),
            Err(why) => {
                for object in objects {
                    self.leave(object, why.clone());
                }
                None
            }
        }
    }

    fn keep(&mut self, object: &ObjectRef, why: String) {
        let object = object.to_string();
        self.import.kept.push(Remark { object, why });
    }

    fn leave(&mut self, object: &ObjectRef, why: String) {
        let object = object.to_string();
        self.import.left_out.push(Remark { object, why });
    }
}

/// A spec with nothing of its own but what rows that are imported have in common: the tags that
/// are equal on all of its objects, and leave to take them over.
fn spec_of<const N: usize>(objects: [Option<&ObservedTags>; N]) -> Value {
    let mut all = objects.into_iter().flatten().filter_map(ObservedTags::tags);
    let mut tags = all.next().cloned().unwrap_or_default();
    for other in all {
        tags.retain(|key, value| other.get(key) == Some(value));
    }
    tags.retain(|key, _| {
        let key = key.to_ascii_lowercase();
        !key.starts_with("aws:") && !key.starts_with("streamkeeper:")
    });
    let mut spec = json!({"adoption": "IfUnowned"});
    if !tags.is_empty() {
        spec["tags"] = json!(tags);
    }
    spec
}

#[cfg(test)]
mod tests;
