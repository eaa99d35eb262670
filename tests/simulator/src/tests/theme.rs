//! Themes of stacks.

use serde_json::{Value, json};

use super::{Aws, code, merged};

fn picture(key: &str) -> Value {
    json!({"S3Bucket": "cfd-branding", "S3Key": key})
}

fn theme() -> Value {
    json!({
        "StackName": "cfd", "TitleText": "CFD desktops", "ThemeStyling": "BLUE",
        "FooterLinks": [{"DisplayName": "Help", "FooterLinkURL": "https://help.example"}],
        "OrganizationLogoS3Location": picture("logo.png"), "FaviconS3Location": picture("icon.png")
    })
}

fn seen(aws: &Aws) -> Value {
    let input = json!({"StackName": "cfd"});
    aws.ok("DescribeThemeForStack", input)["Theme"].clone()
}

fn update(change: Value) -> Value {
    merged(json!({"StackName": "cfd"}), change)
}

#[test]
fn a_theme_is_enabled_and_does_not_tell_where_its_pictures_are_from() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateThemeForStack", theme());
    let seen = seen(&aws);
    assert_eq!(seen["State"], "ENABLED");
    assert_eq!(seen["ThemeTitleText"], "CFD desktops");
    assert_eq!(seen["ThemeFooterLinks"], theme()["FooterLinks"]);
    assert!(seen["ThemeOrganizationLogoURL"].is_string());
    assert!(!seen.to_string().contains("cfd-branding"), "{seen}");
}

#[test]
fn an_update_changes_what_was_sent() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateThemeForStack", theme());
    let before = seen(&aws);
    aws.ok("UpdateThemeForStack", update(json!({"State": "DISABLED"})));
    let expected = merged(before.clone(), json!({"State": "DISABLED"}));
    assert_eq!(seen(&aws), expected);
    let logo = json!({"OrganizationLogoS3Location": picture("other.png")});
    aws.ok("UpdateThemeForStack", update(logo));
    let (url, other) = ("ThemeOrganizationLogoURL", "ThemeFaviconURL");
    assert_ne!(seen(&aws)[url], before[url]);
    assert_eq!(seen(&aws)[other], before[other]);
}

#[test]
fn footer_links_go_by_name_and_not_while_they_are_set() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateThemeForStack", theme());
    let delete = json!({"AttributesToDelete": ["FOOTER_LINKS"]});
    let links = json!({"FooterLinks": theme()["FooterLinks"]});
    let both = update(merged(delete.clone(), links));
    let refusal = aws.refused("UpdateThemeForStack", both);
    assert_eq!(code(&refusal), "InvalidParameterCombinationException");
    aws.ok("UpdateThemeForStack", update(delete));
    assert_eq!(seen(&aws).get("ThemeFooterLinks"), None);
}

#[test]
fn a_stack_has_one_theme_at_most_and_takes_it_along() {
    let aws = Aws::new();
    let of_stack = json!({"StackName": "cfd"});
    let refusal = aws.refused("CreateThemeForStack", theme());
    assert_eq!(code(&refusal), "ResourceNotFoundException");
    aws.create_stack("cfd", json!({}));
    for operation in [
        "UpdateThemeForStack",
        "DeleteThemeForStack",
        "DescribeThemeForStack",
    ] {
        let refusal = aws.refused(operation, of_stack.clone());
        assert_eq!(code(&refusal), "ResourceNotFoundException", "{operation}");
    }
    aws.ok("CreateThemeForStack", theme());
    let refusal = aws.refused("CreateThemeForStack", theme());
    assert_eq!(code(&refusal), "ResourceAlreadyExistsException");
    aws.ok("DeleteThemeForStack", of_stack.clone());
    aws.ok("CreateThemeForStack", theme());
    aws.ok("DeleteStack", json!({"Name": "cfd"}));
    aws.create_stack("cfd", json!({}));
    let refusal = aws.refused("DescribeThemeForStack", of_stack);
    assert_eq!(code(&refusal), "ResourceNotFoundException");
}
