//! Who may use what in the pure world, with AWS's semantics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::aws::Refused;
use crate::access::{
    AccessRequest, AccessWorld, Entitlements, ObservedEntitlement, ObservedTheme, ObservedUser,
};
use crate::action::{AccessCall, ThemeSettings};
use crate::observed::Observed;
use crate::spec::S3LocationSpec;

/// A region's user pool and who is on which stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) users: BTreeMap<String, ObservedUser>,
    /// Stack and user.
    pub(crate) stack_users: BTreeSet<(String, String)>,
    /// By stack and name.
    pub(crate) entitlements: BTreeMap<(String, String), ObservedEntitlement>,
    /// Fleet and application.
    pub(crate) applications: BTreeSet<(String, String)>,
    /// By stack. The URLs of pictures say where they came from.
    pub(crate) themes: BTreeMap<String, ObservedTheme>,
    /// Whether somebody deleted one.
    pub(crate) theme_went: bool,
}

impl Access {
    /// Somebody's account.
    pub(crate) fn add(&mut self, name: &str, enabled: bool) {
        let user = ObservedUser {
            enabled,
            first_name: None,
            last_name: None,
        };
        self.users.insert(name.to_owned(), user);
    }

    /// What hangs on a stack goes with it.
    pub(crate) fn forget_stack(&mut self, stack: &str) {
        self.stack_users.retain(|(other, _)| other != stack);
        self.entitlements.retain(|(other, _), _| other != stack);
        self.themes.remove(stack);
    }

    /// What hangs on a fleet goes with it.
    pub(crate) fn forget_fleet(&mut self, fleet: &str) {
        self.applications.retain(|(other, _)| other != fleet);
    }

    /// Makes one mutating call on an object that is there, or is not.
    pub(super) fn apply(&mut self, call: &AccessCall, is_there: bool) -> Result<(), Refused> {
        let refused = |why: &str| Err(Refused(why.to_owned()));
        match call {
            AccessCall::CreateUser {
                user_name,
                first_name,
                last_name,
                message_action: _,
            } => {
                let user = ObservedUser {
                    enabled: true,
                    first_name: first_name.clone(),
                    last_name: last_name.clone(),
                };
                if self.users.insert(user_name.clone(), user).is_some() {
                    return refused("ResourceAlreadyExists");
                }
                Ok(())
            }
            AccessCall::EnableUser { user_name } => self.switch(user_name, true),
            AccessCall::DisableUser { user_name } => self.switch(user_name, false),
            AccessCall::BatchAssociateUserStack { stack, users } => {
                let known = users
                    .iter()
                    .all(|user| self.users.contains_key(&user.user_name));
                if !is_there || !known {
                    return refused("STACK_NOT_FOUND or USER_NAME_NOT_FOUND");
                }
                let pairs = users.iter().map(|user| user.user_name.clone());
                self.stack_users
                    .extend(pairs.map(|user| (stack.clone(), user)));
                Ok(())
            }
            AccessCall::BatchDisassociateUserStack { stack, users } => {
                for user in users {
                    let pair = (stack.clone(), user.clone());
                    if !self.stack_users.remove(&pair) {
                        return refused("they are not on the stack");
                    }
                }
                Ok(())
            }
            AccessCall::CreateEntitlement { .. }
            | AccessCall::UpdateEntitlement { .. }
            | AccessCall::DeleteEntitlement { .. }
            | AccessCall::AssociateApplicationToEntitlement { .. }
            | AccessCall::DisassociateApplicationFromEntitlement { .. } => {
                refuse(!is_there, "ResourceNotFound: stack")?;
                self.entitle(call)
            }
            AccessCall::AssociateApplicationFleet { fleet, application } => {
                refuse(!is_there, "ResourceNotFound: fleet")?;
                let pair = (fleet.clone(), application.clone());
                refuse(!self.applications.insert(pair), "it is associated")
            }
            AccessCall::DisassociateApplicationFleet { fleet, application } => {
                let pair = (fleet.clone(), application.clone());
                refuse(!self.applications.remove(&pair), "it is not associated")
            }
            AccessCall::CreateThemeForStack { .. }
            | AccessCall::UpdateThemeForStack { .. }
            | AccessCall::DeleteThemeForStack { .. } => {
                refuse(!is_there, "ResourceNotFound: stack")?;
                self.paint(call)
            }
        }
    }

    fn entitle(&mut self, call: &AccessCall) -> Result<(), Refused> {
        let missing = || Refused("EntitlementNotFound".to_owned());
        match call {
            AccessCall::CreateEntitlement {
                stack,
                name,
                settings,
            } => {
                let entitlement = ObservedEntitlement {
                    description: settings.description.clone(),
                    app_visibility: settings.app_visibility.clone().unwrap(),
                    attributes: settings.attributes.clone().unwrap(),
                    applications: BTreeSet::new(),
                };
                let key = (stack.clone(), name.clone());
                let before = self.entitlements.insert(key, entitlement);
                refuse(before.is_some(), "EntitlementAlreadyExists")
            }
            AccessCall::UpdateEntitlement { stack, name, set } => {
                let key = (stack.clone(), name.clone());
                let has = self.entitlements.get_mut(&key).ok_or_else(missing)?;
                if let Some(text) = &set.description {
                    has.description = Some(text.clone()).filter(|text| !text.is_empty());
                }
                if let Some(visibility) = &set.app_visibility {
                    has.app_visibility.clone_from(visibility);
                }
                if let Some(attributes) = &set.attributes {
                    has.attributes.clone_from(attributes);
                }
                Ok(())
            }
            AccessCall::DeleteEntitlement { stack, name } => {
                let key = (stack.clone(), name.clone());
                self.entitlements.remove(&key).map(drop).ok_or_else(missing)
            }
            AccessCall::AssociateApplicationToEntitlement {
                stack,
                entitlement,
                application,
            } => {
                let key = (stack.clone(), entitlement.clone());
                let has = self.entitlements.get_mut(&key).ok_or_else(missing)?;
                let is_new = has.applications.insert(application.clone());
                refuse(!is_new, "it is entitled")
            }
            AccessCall::DisassociateApplicationFromEntitlement {
                stack,
                entitlement,
                application,
            } => {
                let key = (stack.clone(), entitlement.clone());
                let has = self.entitlements.get_mut(&key).ok_or_else(missing)?;
                let was_there = has.applications.remove(application);
                refuse(!was_there, "it is not entitled")
            }
            AccessCall::CreateUser { .. }
            | AccessCall::EnableUser { .. }
            | AccessCall::DisableUser { .. }
            | AccessCall::BatchAssociateUserStack { .. }
            | AccessCall::BatchDisassociateUserStack { .. }
            | AccessCall::AssociateApplicationFleet { .. }
            | AccessCall::DisassociateApplicationFleet { .. }
            | AccessCall::CreateThemeForStack { .. }
            | AccessCall::UpdateThemeForStack { .. }
            | AccessCall::DeleteThemeForStack { .. } => unreachable!("apply makes these"),
        }
    }

    /// Makes a call about a theme.
    fn paint(&mut self, call: &AccessCall) -> Result<(), Refused> {
        match call {
            AccessCall::CreateThemeForStack { stack, settings } => {
                refuse(self.themes.contains_key(stack), "ResourceAlreadyExists")?;
                let mut theme = ObservedTheme {
                    title_text: settings.title_text.clone().unwrap(),
                    theme_styling: settings.theme_styling.clone().unwrap(),
                    footer_links: BTreeSet::new(),
                    state: "ENABLED".to_owned(),
                    organization_logo_url: None,
                    favicon_url: None,
                };
                repaint(&mut theme, settings);
                assert!(theme.organization_logo_url.is_some() && theme.favicon_url.is_some());
                self.themes.insert(stack.clone(), theme);
                Ok(())
            }
            AccessCall::UpdateThemeForStack { stack, set, delete } => {
                let theme = self.themes.get_mut(stack);
                let theme = theme.ok_or_else(|| Refused("ResourceNotFound: theme".to_owned()))?;
                if !delete.is_empty() {
                    refuse(set.footer_links.is_some(), "InvalidParameterCombination")?;
                    theme.footer_links.clear();
                }
                repaint(theme, set);
                Ok(())
            }
            AccessCall::DeleteThemeForStack { stack } => {
                let there = self.themes.remove(stack).is_some();
                refuse(!there, "ResourceNotFound: theme")
            }
            AccessCall::CreateUser { .. }
            | AccessCall::EnableUser { .. }
            | AccessCall::DisableUser { .. }
            | AccessCall::BatchAssociateUserStack { .. }
            | AccessCall::BatchDisassociateUserStack { .. }
            | AccessCall::CreateEntitlement { .. }
            | AccessCall::UpdateEntitlement { .. }
            | AccessCall::DeleteEntitlement { .. }
            | AccessCall::AssociateApplicationToEntitlement { .. }
            | AccessCall::DisassociateApplicationFromEntitlement { .. }
            | AccessCall::AssociateApplicationFleet { .. }
            | AccessCall::DisassociateApplicationFleet { .. } => unreachable!("apply makes these"),
        }
    }

    /// A stack's entitlements, applications of those alone that were asked for.
    fn entitled(&self, stack: &str, names: &BTreeSet<String>) -> Entitlements {
        let of_stack = self.entitlements.iter();
        let of_stack = of_stack.filter(|((other, _), _)| other == stack);
        of_stack
            .map(|((_, name), entitlement)| {
                let mut entitlement = entitlement.clone();
                if !names.contains(name) {
                    entitlement.applications.clear();
                }
                (name.clone(), entitlement)
            })
            .collect()
    }

    fn switch(&mut self, user: &str, enabled: bool) -> Result<(), Refused> {
        let user = self.users.get_mut(user);
        let user = user.ok_or_else(|| Refused("ResourceNotFound: user".to_owned()))?;
        user.enabled = enabled;
        Ok(())
    }

    /// Looks at what a request names.
    pub(super) fn observe(&self, request: &AccessRequest, is_blind: bool) -> AccessWorld {
        let users = Arc::new(self.users.clone());
        let of = |stack: &String| {
            let there = self.stack_users.iter();
            let there = there.filter(|(other, _)| other == stack);
            there.map(|(_, user)| user.clone()).collect()
        };
        AccessWorld {
            users: request.users.then(|| seen(is_blind, users)),
            stack_users: (request.users_of_stacks.iter())
                .map(|stack| (stack.clone(), seen(is_blind, of(stack))))
                .collect(),
            entitlements: (request.entitlements.iter())
                .map(|(stack, names)| (stack.clone(), seen(is_blind, self.entitled(stack, names))))
                .collect(),
            applications: (request.applications_of_fleets.iter())
                .map(|fleet| {
                    let pairs = self.applications.iter();
                    let pairs = pairs.filter(|(other, _)| other == fleet);
                    let applications = pairs.map(|(_, application)| application.clone());
                    (fleet.clone(), seen(is_blind, applications.collect()))
                })
                .collect(),
            themes: (request.themes_of_stacks.iter())
                .map(|stack| {
                    let theme = self.themes.get(stack).cloned();
                    let found = theme.map_or(Observed::Absent, Observed::Present);
                    let denied = || Observed::Unknown("denied".to_owned());
                    (stack.clone(), if is_blind { denied() } else { found })
                })
                .collect(),
        }
    }
}

/// Overwrites what was sent.
fn repaint(theme: &mut ObservedTheme, sent: &ThemeSettings) {
    let url = |picture: &S3LocationSpec| format!("{}/{}", picture.s3_bucket, picture.s3_key);
    let ThemeSettings {
        title_text,
        theme_styling,
        footer_links,
        organization_logo_s3_location,
        favicon_s3_location,
        state,
    } = sent;
    for (has, sent) in [
        (&mut theme.title_text, title_text),
        (&mut theme.theme_styling, theme_styling),
        (&mut theme.state, state),
    ] {
        if let Some(sent) = sent {
            has.clone_from(sent);
        }
    }
    if let Some(links) = footer_links {
        theme.footer_links.clone_from(links);
    }
    if let Some(logo) = organization_logo_s3_location {
        theme.organization_logo_url = Some(url(logo));
    }
    if let Some(favicon) = favicon_s3_location {
        theme.favicon_url = Some(url(favicon));
    }
}

fn refuse(refused: bool, why: &str) -> Result<(), Refused> {
    if refused {
        Err(Refused(why.to_owned()))
    } else {
        Ok(())
    }
}

fn seen<T>(is_blind: bool, found: T) -> Observed<T> {
    if is_blind {
        Observed::Unknown("denied".to_owned())
    } else {
        Observed::Present(found)
    }
}
