"""The script: every operation the simulator offers, with and without success."""

import json

import botocore.exceptions

import shapes
import wire

IMAGE = "pcluster-2026-11"
INSTANCE = "stream.standard.medium"
HOME_PREFIX = "appstream2-36fb080bb8-eu-west-1-111122223333"

#: Codes that every AWS service may answer with and no operation declares.
COMMON_ERRORS = {"ValidationException", "ThrottlingException", "AccessDeniedException"}
#: The query protocol's spelling of the last one.
STS_ERRORS = {"AccessDenied"}
#: In the documentation of the operations alone.
STACK_ERRORS = {"ValidationError"}
#: S3's model declares almost none of its errors; these are from S3's list of error codes.
S3_ERRORS = {
    "NoSuchBucket", "NoSuchBucketPolicy", "MalformedPolicy", "AccessDenied", "404",
    "OwnershipControlsNotFoundError",
}


class Script:
    """One play of the script over one protocol."""

    def __init__(self, tally, wire_, simulator):
        self.tally = tally
        self.wire = wire_
        self.simulator = simulator
        self.clients = {}
        self.succeeded = set()

    def play(self):
        self.identity()
        self.images()
        self.fleets()
        self.stacks()
        self.associations()
        self.power_and_sessions()
        self.draining()
        self.users()
        self.scaling()
        self.entitlements()
        self.themes()
        self.applications()
        self.principals()
        self.tags()
        self.buckets()
        self.clusters()
        self.pages()
        self.removal()

    # The parts of the script, in this order: each builds on what the ones before left.

    def identity(self):
        answer = self.call("sts", "GetCallerIdentity")
        self.expect("account", answer["Account"], "111122223333")
        role = "arn:aws:iam::444455556666:role/streamkeeper"
        asked = {"RoleArn": role, "RoleSessionName": "conformance"}
        self.refused("AccessDenied", "sts", "AssumeRole", **asked)
        self.refused("AccessDenied", "sts", "AssumeRole", ExternalId="wrong", **asked)
        answer = self.call("sts", "AssumeRole", ExternalId="one/of:ours", **asked)
        arn = answer["AssumedRoleUser"]["Arn"]
        self.expect("role's session", arn.endswith(":assumed-role/streamkeeper/conformance"), True)

    def images(self):
        images = self.call("appstream", "DescribeImages")["Images"]
        self.expect("image is listed", IMAGE in [image["Name"] for image in images], True)
        self.call("appstream", "DescribeImages", Names=[IMAGE])
        self.refused("ResourceNotFoundException", "appstream", "DescribeImages", Names=["none"])

    def fleets(self):
        image = self.call("appstream", "DescribeImages", Names=[IMAGE])["Images"][0]
        capacity = {"DesiredInstances": 1}
        fleet = self.call(
            *("appstream", "CreateFleet"),
            Name="one",
            ImageName=IMAGE,
            InstanceType=INSTANCE,
            ComputeCapacity=capacity,
        )["Fleet"]
        self.expect("state of a new fleet", fleet["State"], "STOPPED")
        self.expect("both names of the image", fleet["ImageArn"], image["Arn"])
        self.call(
            *("appstream", "CreateFleet"),
            Name="two",
            ImageArn=image["Arn"],
            InstanceType=INSTANCE,
            FleetType="ALWAYS_ON",
            ComputeCapacity=capacity,
            VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            MaxUserDurationInSeconds=345600,
            DisconnectTimeoutInSeconds=900,
            IdleDisconnectTimeoutInSeconds=600,
            Description="The second",
            DisplayName="Two",
            EnableDefaultInternetAccess=False,
            StreamView="DESKTOP",
            Tags={"made": "by hand", "empty": ""},
        )
        three = dict(ImageName=IMAGE, InstanceType=INSTANCE, ComputeCapacity=capacity)
        self.call("appstream", "CreateFleet", Name="three", **three)
        self.call("appstream", "DescribeFleets", Names=["two"])
        self.call("appstream", "UpdateFleet", Name="two", Description="", DisplayName="Zwei")
        updated = self.call(
            *("appstream", "UpdateFleet"), Name="two", AttributesToDelete=["VPC_CONFIGURATION"]
        )["Fleet"]
        self.expect("a deleted attribute", updated.get("VpcConfig"), None)

        refused = self.refused_by("appstream")
        refused("ResourceAlreadyExistsException", "CreateFleet", Name="three", **three)
        refused("ResourceNotFoundException", "CreateFleet", Name="four", **three | {"ImageName": "x"})
        refused("ValidationException", "CreateFleet", Name="-", **three)
        refused("ResourceNotFoundException", "UpdateFleet", Name="none", DisplayName="x")
        refused("ResourceNotFoundException", "DescribeFleets", Names=["none"])
        too_many = {"ComputeCapacity": {"DesiredInstances": 9999}}
        refused("LimitExceededException", "CreateFleet", Name="four", **three | too_many)

    def stacks(self):
        stack = self.call("appstream", "CreateStack", Name="bare")["Stack"]
        self.expect("settings of a bare stack", len(stack["UserSettings"]) >= 7, True)
        self.call(
            *("appstream", "CreateStack"),
            Name="full",
            DisplayName="Full",
            Description="With everything",
            RedirectURL="https://example.com/after",
            FeedbackURL="https://example.com/feedback",
            StorageConnectors=[{"ConnectorType": "HOMEFOLDERS"}],
            UserSettings=[{"Action": "FILE_UPLOAD", "Permission": "DISABLED"}],
            ApplicationSettings={"Enabled": True, "SettingsGroup": "full"},
            Tags={"made": "by hand"},
        )
        self.call("appstream", "CreateStack", Name="third")
        self.call("appstream", "UpdateStack", Name="third", Description="The third")
        self.call("appstream", "UpdateStack", Name="full", AttributesToDelete=["REDIRECT_URL"])
        self.call("appstream", "DescribeStacks", Names=["full"])

        def bucket_is_named():
            stack = self.look("appstream", "DescribeStacks", Names=["full"])["Stacks"][0]
            return stack["StorageConnectors"][0].get("ResourceIdentifier")

        self.expect("home bucket is named", wire.wait_for(bucket_is_named), True)
        refused = self.refused_by("appstream")
        refused("ResourceAlreadyExistsException", "CreateStack", Name="bare")
        refused("ResourceNotFoundException", "UpdateStack", Name="none", Description="x")
        refused("ResourceNotFoundException", "DescribeStacks", Names=["none"])

    def associations(self):
        for stack in ("full", "bare", "third"):
            self.call("appstream", "AssociateFleet", FleetName="one", StackName=stack)
        names = self.call("appstream", "ListAssociatedFleets", StackName="full")["Names"]
        self.expect("fleets of the stack", names, ["one"])
        self.call("appstream", "ListAssociatedStacks", FleetName="one")
        refused = self.refused_by("appstream")
        refused("ResourceNotFoundException", "AssociateFleet", FleetName="x", StackName="full")
        refused("ResourceInUseException", "DeleteFleet", Name="one")
        refused("ResourceInUseException", "DeleteStack", Name="full")
        ada = {"StackName": "full", "UserId": "ada"}
        refused("ResourceNotAvailableException", "CreateStreamingURL", FleetName="one", **ada)
        refused("OperationNotPermittedException", "CreateStreamingURL", FleetName="two", **ada)
        refused("ResourceNotFoundException", "CreateStreamingURL", FleetName="none", **ada)
        refused(
            *("InvalidParameterCombinationException", "CreateStreamingURL"),
            FleetName="one",
            Validity=604801,
            **ada,
        )

    def power_and_sessions(self):
        self.call("appstream", "StartFleet", Name="one")
        self.expect("fleet runs", wire.wait_for(lambda: self.state_of("one") == "RUNNING"), True)
        pair = {"FleetName": "one", "StackName": "full"}
        self.call("appstream", "CreateStreamingURL", **pair, UserId="ada")
        self.simulator.command(f"sessions {wire.REGION} one full ada grace mary")
        self.simulator.command(f"fleet-error {wire.REGION} one FLEET_STOPPED It stopped.")
        self.simulator.command(f"stack-error {wire.REGION} full STORAGE_CONNECTOR_ERROR None.")
        seen = wire.wait_for(lambda: len(self.sessions(pair)) == 2)
        self.expect("a page of sessions", seen, True)
        self.call("appstream", "DescribeSessions", **pair, UserId="ada")
        fleet = self.call("appstream", "DescribeFleets", Names=["one"])["Fleets"][0]
        self.expect("a fleet's error", fleet["FleetErrors"][0]["ErrorCode"], "FLEET_STOPPED")
        stack = self.call("appstream", "DescribeStacks", Names=["full"])["Stacks"][0]
        self.expect("a stack's errors", len(stack["StackErrors"]), 1)
        session = self.sessions(pair)[0]
        self.expect("one person to an instance", session["InstanceDrainStatus"], "NOT_APPLICABLE")
        refused = self.refused_by("appstream")
        drain = {"SessionId": session["Id"]}
        refused("OperationNotPermittedException", "DrainSessionInstance", **drain)
        self.call("appstream", "ExpireSession", SessionId=session["Id"])
        refused("ResourceInUseException", "UpdateFleet", Name="one", Description="x")
        refused("ResourceNotFoundException", "StartFleet", Name="none")
        refused("ResourceNotFoundException", "StopFleet", Name="none")
        self.count("DescribeSessions", "Sessions", 3, **pair, PaginationConfig={"PageSize": 2})
        self.call("appstream", "StopFleet", Name="one")
        self.expect("fleet stops", wire.wait_for(lambda: self.state_of("one") == "STOPPED"), True)

    def draining(self):
        self.call(
            *("appstream", "CreateFleet"),
            Name="many",
            ImageName=IMAGE,
            InstanceType=INSTANCE,
            FleetType="ON_DEMAND",
            MaxSessionsPerInstance=2,
            ComputeCapacity={"DesiredSessions": 4},
        )
        self.call("appstream", "CreateStack", Name="room")
        pair = {"FleetName": "many", "StackName": "room"}
        self.call("appstream", "AssociateFleet", **pair)
        self.call("appstream", "StartFleet", Name="many")
        self.expect("fleet runs", wire.wait_for(lambda: self.state_of("many") == "RUNNING"), True)
        self.simulator.command(f"sessions {wire.REGION} many room ada")
        self.expect("somebody is on it", wire.wait_for(lambda: len(self.sessions(pair)) == 1), True)
        session = self.sessions(pair)[0]
        self.expect("before draining", session["InstanceDrainStatus"], "ACTIVE")
        self.call("appstream", "DrainSessionInstance", SessionId=session["Id"])
        instance = {**pair, "InstanceId": session["InstanceId"]}
        session = self.call("appstream", "DescribeSessions", **instance)["Sessions"][0]
        self.expect("while draining", session["InstanceDrainStatus"], "DRAINING")
        fleet = self.call("appstream", "DescribeFleets", Names=["many"])["Fleets"][0]
        self.expect("instances that drain", fleet["ComputeCapacityStatus"]["Draining"], 1)
        refused = self.refused_by("appstream")
        none = "00000000-0000-4000-8000-000000000000"
        refused("ResourceNotFoundException", "DrainSessionInstance", SessionId=none)
        self.call("appstream", "StopFleet", Name="many")
        self.expect("fleet stops", wire.wait_for(lambda: self.state_of("many") == "STOPPED"), True)
        self.call("appstream", "DisassociateFleet", **pair)
        self.call("appstream", "DeleteFleet", Name="many")
        self.call("appstream", "DeleteStack", Name="room")

    def users(self):
        pool = {"AuthenticationType": "USERPOOL"}
        for user in ("ada@example.com", "grace@example.com", "mary@example.com"):
            self.call("appstream", "CreateUser", UserName=user, FirstName="A", **pool)
        ada = {"UserName": "ada@example.com", **pool}
        self.call("appstream", "DisableUser", **ada)
        self.call("appstream", "EnableUser", **ada)
        self.call("appstream", "DescribeUsers", **pool)
        self.count("DescribeUsers", "Users", 3, **pool)
        names = ("ada@example.com", "grace@example.com", "mary@example.com")
        pairs = [{"StackName": "full", "UserName": user, **pool} for user in names]

        def joined():
            answer = self.look("appstream", "BatchAssociateUserStack", UserStackAssociations=pairs)
            return not answer["errors"]

        self.expect("users are on the stack", wire.wait_for(joined), True)
        batch = {"UserStackAssociations": [*pairs, {**pairs[0], "StackName": "none"}]}
        answer = self.call("appstream", "BatchAssociateUserStack", **batch)
        codes = [error["ErrorCode"] for error in answer["errors"]]
        self.expect("refusals of a batch", codes, ["STACK_NOT_FOUND"])
        listed = "UserStackAssociations"
        self.call("appstream", "DescribeUserStackAssociations", StackName="full")
        self.count("DescribeUserStackAssociations", listed, 3, StackName="full")
        self.call("appstream", "BatchDisassociateUserStack", UserStackAssociations=pairs[:2])
        self.count("DescribeUserStackAssociations", listed, 1, **ada | {"UserName": names[2]})
        self.call("appstream", "DeleteUser", **ada)
        refused = self.refused_by("appstream")
        refused("ResourceNotFoundException", "EnableUser", **ada)
        again = {"UserName": names[1], **pool}
        refused("ResourceAlreadyExistsException", "CreateUser", **again)
        refused("InvalidParameterCombinationException", "DescribeUserStackAssociations")

    def scaling(self):
        service = "application-autoscaling"
        target = {
            "ServiceNamespace": "appstream",
            "ResourceId": "fleet/one",
            "ScalableDimension": "appstream:fleet:DesiredCapacity",
        }
        refused = self.refused_by(service)
        refused("ValidationException", "RegisterScalableTarget", **target)
        refused("ObjectNotFoundException", "DeregisterScalableTarget", **target)
        self.call(service, "RegisterScalableTarget", **target, MinCapacity=1, MaxCapacity=4)
        self.call(service, "RegisterScalableTarget", **target, MaxCapacity=5)
        asked = {"ServiceNamespace": "appstream", "ResourceIds": ["fleet/one", "fleet/none"]}
        targets = self.call(service, "DescribeScalableTargets", **asked)["ScalableTargets"]
        bounds = [(one["MinCapacity"], one["MaxCapacity"]) for one in targets]
        self.expect("bounds of the target", bounds, [(1, 5)])
        self.call(service, "DeregisterScalableTarget", **target)

    def entitlements(self):
        stack = {"StackName": "full"}
        attributes = [{"Name": "roles", "Value": "cfd"}]
        for name in ("viewers", "editors", "others"):
            self.call(
                *("appstream", "CreateEntitlement"),
                **stack,
                Name=name,
                Description="For some",
                AppVisibility="ASSOCIATED",
                Attributes=attributes,
            )
        viewers = {**stack, "Name": "viewers"}
        self.call("appstream", "UpdateEntitlement", **viewers, AppVisibility="ALL")
        self.call("appstream", "DescribeEntitlements", **viewers)
        entitlement = {**stack, "EntitlementName": "viewers"}
        for application in ("paraview", "putty", "firefox"):
            self.call(
                *("appstream", "AssociateApplicationToEntitlement"),
                **entitlement,
                ApplicationIdentifier=application,
            )
        gone = {**entitlement, "ApplicationIdentifier": "firefox"}
        self.call("appstream", "DisassociateApplicationFromEntitlement", **gone)
        first = self.call("appstream", "ListEntitledApplications", **entitlement, MaxResults=1)
        self.expect("a page of applications", len(first["EntitledApplications"]), 1)
        more = {**entitlement, "NextToken": first["NextToken"]}
        self.call("appstream", "ListEntitledApplications", **more)
        refused = self.refused_by("appstream")
        none = {**stack, "Name": "none"}
        refused("EntitlementNotFoundException", "DeleteEntitlement", **none)
        again = {"AppVisibility": "ALL", "Attributes": attributes}
        refused("EntitlementAlreadyExistsException", "CreateEntitlement", **viewers, **again)
        self.call("appstream", "DeleteEntitlement", **viewers)

    def themes(self):
        stack = {"StackName": "full"}
        logo = {"S3Bucket": "branding", "S3Key": "logo.png"}
        look = {"TitleText": "CFD", "ThemeStyling": "BLUE", "OrganizationLogoS3Location": logo}
        refused = self.refused_by("appstream")
        refused("ResourceNotFoundException", "DescribeThemeForStack", **stack)
        created = {**stack, **look, "FaviconS3Location": logo}
        links = [{"DisplayName": "Help", "FooterLinkURL": "https://help.example"}]
        self.call("appstream", "CreateThemeForStack", **created, FooterLinks=links)
        refused("ResourceAlreadyExistsException", "CreateThemeForStack", **created)
        gone = {"AttributesToDelete": ["FOOTER_LINKS"]}
        self.call("appstream", "UpdateThemeForStack", **stack, **gone, State="DISABLED")
        theme = self.call("appstream", "DescribeThemeForStack", **stack)["Theme"]
        self.expect("state of the theme", theme["State"], "DISABLED")
        self.expect("links of the theme", "ThemeFooterLinks" in theme, False)
        both = {**gone, "FooterLinks": links}
        refused("InvalidParameterCombinationException", "UpdateThemeForStack", **stack, **both)
        self.call("appstream", "DeleteThemeForStack", **stack)
        refused("ResourceNotFoundException", "DeleteThemeForStack", **stack)

    def applications(self):
        self.simulator.command(f"application {wire.REGION} paraview")
        self.call(
            *("appstream", "CreateFleet"),
            Name="elastic",
            ImageName=IMAGE,
            InstanceType=INSTANCE,
            FleetType="ELASTIC",
            MaxConcurrentSessions=1,
            VpcConfig={"SubnetIds": ["subnet-1", "subnet-2"]},
        )
        arn = f"arn:aws:appstream:{wire.REGION}:111122223333:application/paraview"
        pair = {"FleetName": "elastic", "ApplicationArn": arn}

        def associated():
            try:
                return self.send("appstream", "AssociateApplicationFleet", pair)
            except botocore.exceptions.ClientError:
                # The command on the simulator's input may not have been read yet.
                return None

        self.expect("application is associated", bool(wire.wait_for(associated)), True)
        self.call("appstream", "AssociateApplicationFleet", **pair)
        found = self.call("appstream", "DescribeApplicationFleetAssociations", FleetName="elastic")
        self.expect("applications", found["ApplicationFleetAssociations"], [pair])
        refused = self.refused_by("appstream")
        other = {**pair, "FleetName": "one"}
        refused("OperationNotPermittedException", "AssociateApplicationFleet", **other)
        self.call("appstream", "DisassociateApplicationFleet", **pair)
        self.call("appstream", "DeleteFleet", Name="elastic")

    def principals(self):
        account = "arn:aws:iam::111122223333"
        role, user = f"{account}:role/team/nodes", f"{account}:user/ada"

        def made(arn, operation, asked):
            self.simulator.command(f"principal {arn}")

            def found():
                try:
                    return self.send("iam", operation, asked)
                except botocore.exceptions.ClientError:
                    # The command on the simulator's input may not have been read yet.
                    return None

            self.expect(f"{operation} finds {arn}", bool(wire.wait_for(found)), True)
            return self.call("iam", operation, **asked)

        found = made(role, "GetRole", {"RoleName": "nodes"})["Role"]
        self.expect("role", (found["Arn"], found["Path"]), (role, "/team/"))
        self.expect("kind of a role's id", found["RoleId"][:4], "AROA")
        found = made(user, "GetUser", {"UserName": "ada"})["User"]
        self.expect("user", (found["Arn"], found["Path"]), (user, "/"))
        self.expect("kind of a user's id", found["UserId"][:4], "AIDA")
        refused = self.refused_by("iam")
        refused("NoSuchEntity", "GetRole", RoleName="ada")
        refused("NoSuchEntity", "GetUser", UserName="nodes")

        before = found["UserId"]
        self.simulator.command(f"principal {user}")

        def is_another():
            return self.send("iam", "GetUser", {"UserName": "ada"})["User"]["UserId"] != before

        self.expect("another id of a user made anew", wire.wait_for(is_another), True)

    def tags(self):
        fleet = self.call("appstream", "DescribeFleets", Names=["one"])["Fleets"][0]
        arn = fleet["Arn"]
        self.call("appstream", "TagResource", ResourceArn=arn, Tags={"made": "later", "x": "y"})
        self.call("appstream", "UntagResource", ResourceArn=arn, TagKeys=["x"])
        tags = self.call("appstream", "ListTagsForResource", ResourceArn=arn)["Tags"]
        self.expect("tags", tags, {"made": "later"})
        refused = self.refused_by("appstream")
        none = arn.replace("fleet/one", "fleet/none")
        refused("ResourceNotFoundException", "ListTagsForResource", ResourceArn=none)
        refused("ResourceNotFoundException", "TagResource", ResourceArn=none, Tags={"a": "b"})

        filters = {"TagFilters": [{"Key": "made"}], "ResourceTypeFilters": ["appstream:fleet"]}
        self.call("resourcegroupstaggingapi", "GetResources", **filters, ResourcesPerPage=1)

        def tagged():
            pages = self.client("resourcegroupstaggingapi").get_paginator("get_resources")
            return pages.paginate(**filters).build_full_result()["ResourceTagMappingList"]

        self.expect("tagged fleets", wire.wait_for(lambda: len(tagged()) == 2), True)

    def clusters(self):
        for name in ("c1", "c2", "c3"):
            self.simulator.command(f"cluster {wire.REGION} {name} cfd ada")

        def listed():
            pages = self.client("cloudformation").get_paginator("describe_stacks")
            found = pages.paginate().build_full_result()["Stacks"]
            return {stack["StackName"]: stack for stack in found}

        self.expect("listed stacks", wire.wait_for(lambda: len(listed()) == 3), True)
        stacks = listed()
        tags = {tag["Key"]: tag["Value"] for tag in stacks["c1"]["Tags"]}
        self.expect("tag of a cluster", tags["appstream-user"], "ada")
        self.expect("time of a cluster", stacks["c1"]["CreationTime"].year > 2000, True)
        arn = stacks["c1"]["StackId"]
        page = self.call("cloudformation", "DescribeStacks")
        self.expect("a page of stacks", "NextToken" in page, True)
        found = self.call("cloudformation", "DescribeStacks", StackName="c1")["Stacks"]
        self.expect("the stack by name", found[0]["StackId"], arn)
        template = self.call("cloudformation", "GetTemplate", StackName=arn)["TemplateBody"]
        self.expect("template", template, {"Resources": {}})
        refused = self.refused_by("cloudformation")
        refused("ValidationError", "DescribeStacks", StackName="none")
        refused("ValidationError", "GetTemplate", StackName="none")
        refused("ValidationError", "DescribeStacks", NextToken="none")

        self.simulator.command(f"end-cluster {wire.REGION} c1")

        def ended():
            found = self.client("cloudformation").describe_stacks(StackName=arn)["Stacks"]
            return found[0]["StackStatus"] == "DELETE_COMPLETE"

        self.expect("a deleted stack by its ARN", bool(wire.wait_for(ended)), True)
        refused("ValidationError", "DescribeStacks", StackName="c1")

    def buckets(self):
        self.call("s3", "ListBuckets")
        found = self.call("s3", "ListBuckets", Prefix=HOME_PREFIX, BucketRegion=wire.REGION)
        bucket = found["Buckets"][0]["Name"]
        self.call("s3", "HeadBucket", Bucket=bucket)
        location = self.call("s3", "GetBucketLocation", Bucket=bucket)
        self.expect("location", location["LocationConstraint"], wire.REGION)
        # From another region, boto3 is sent away and follows by itself.
        elsewhere = self.wire.client("s3", region="us-east-1")
        answer = elsewhere.get_bucket_policy(Bucket=bucket)
        self.expect("policy from another region", "Policy" in answer, True)
        policy = json.loads(self.call("s3", "GetBucketPolicy", Bucket=bucket)["Policy"])
        sids = [statement["Sid"] for statement in policy["Statement"]]
        self.expect("AWS's own statement", sids, ["PreventAccidentalDeletionOfBucket"])
        self.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(policy))
        refused = self.refused_by("s3")
        refused("AccessDenied", "DeleteBucket", Bucket=bucket)
        self.call("s3", "DeleteBucketPolicy", Bucket=bucket)
        refused("NoSuchBucketPolicy", "GetBucketPolicy", Bucket=bucket)
        refused("MalformedPolicy", "PutBucketPolicy", Bucket=bucket, Policy="{")
        nobodys = {"Bucket": "nobody-has-this-one"}
        refused("NoSuchBucket", "GetBucketPolicy", **nobodys)
        refused("404", "HeadBucket", **nobodys)
        stranger = {"Bucket": bucket, "ExpectedBucketOwner": "999999999999"}
        refused("AccessDenied", "GetBucketPolicy", **stranger)
        self.facts(bucket, refused)
        self.call("s3", "DeleteBucket", Bucket=bucket)

    def facts(self, bucket, refused):
        key = f"arn:aws:kms:{wire.REGION}:111122223333:key/1234abcd"
        for algorithm, more in [("AES256", {}), ("aws:kms", {"KMSMasterKeyID": key})]:
            default = {"SSEAlgorithm": algorithm, **more}
            rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
            put = {"ServerSideEncryptionConfiguration": rules}
            self.call("s3", "PutBucketEncryption", Bucket=bucket, **put)
            found = self.call("s3", "GetBucketEncryption", Bucket=bucket)
            rule = found["ServerSideEncryptionConfiguration"]["Rules"][0]
            self.expect("encryption", rule["ApplyServerSideEncryptionByDefault"], default)
        controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        self.call("s3", "PutBucketOwnershipControls", Bucket=bucket, OwnershipControls=controls)
        found = self.call("s3", "GetBucketOwnershipControls", Bucket=bucket)
        self.expect("ownership", found["OwnershipControls"], controls)
        self.call("s3", "DeleteBucketOwnershipControls", Bucket=bucket)
        refused("OwnershipControlsNotFoundError", "GetBucketOwnershipControls", Bucket=bucket)

    def pages(self):
        self.count("DescribeFleets", "Fleets", 3)
        self.count("DescribeStacks", "Stacks", 3)
        self.count("ListAssociatedStacks", "Names", 3, FleetName="one")
        self.count("ListAssociatedFleets", "Names", 1, StackName="full")

    def removal(self):
        for stack in ("full", "bare", "third"):
            self.call("appstream", "DisassociateFleet", FleetName="one", StackName=stack)
            self.call("appstream", "DeleteStack", Name=stack)
        for fleet in ("one", "two", "three"):
            self.call("appstream", "DeleteFleet", Name=fleet)
        refused = self.refused_by("appstream")
        refused("ResourceNotFoundException", "DeleteFleet", Name="one")
        refused("ResourceNotFoundException", "DeleteStack", Name="full")
        gone = {"FleetName": "one", "StackName": "full"}
        refused("ResourceNotFoundException", "DisassociateFleet", **gone)

    # What the parts are made of.

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.wire.client(service)
        return self.clients[service]

    def send(self, service, operation, arguments):
        client = self.client(service)
        methods = client.meta.method_to_api_mapping
        method = next(method for method, name in methods.items() if name == operation)
        return getattr(client, method)(**arguments)

    def call(self, service, operation, **arguments):
        """A call that must succeed with an answer that the model declares."""
        answer = self.look(service, operation, **arguments)
        self.tally.note(f"{self.wire.protocol} {operation}", [])
        self.succeeded.add((service, operation))
        return answer

    def look(self, service, operation, **arguments):
        """The same, counted only when something is wrong: for looking again and again."""
        what = f"{self.wire.protocol} {operation}"
        try:
            answer = self.send(service, operation, arguments)
        except botocore.exceptions.ClientError as error:
            self.tally.note(what, [str(error)])
            raise SystemExit("the rest of the script builds on this") from error
        found = self.wire.last.faults()
        if found:
            self.tally.note(what, found)
        return answer

    def refused_by(self, service):
        return lambda code, operation, **arguments: self.refused(
            code, service, operation, **arguments
        )

    def refused(self, code, service, operation, **arguments):
        """A call that must fail with this code, which the model must declare."""
        what = f"{self.wire.protocol} {operation} refused with {code}"
        try:
            self.send(service, operation, arguments)
        except botocore.exceptions.ClientError as error:
            self.tally.note(what, self.error_faults(code, error.response["Error"]))
        else:
            self.tally.note(what, ["was not refused"])

    def error_faults(self, code, error):
        answer = self.wire.last
        found = []
        if error["Code"] != code:
            found.append(f"{error['Code']}: {error['Message']}")
        # What is on the wire may be shorter than the shape's name, as with IAM's.
        declared = {shape.error_code: shape for shape in answer.operation.error_shapes}
        common = {"s3": S3_ERRORS, "sts": STS_ERRORS, "cloudformation": STACK_ERRORS}
        service = answer.operation.service_model.service_name
        if code not in declared and code not in common.get(service, COMMON_ERRORS):
            found.append(f"{code} is not declared for {answer.operation.name}")
        if not error.get("Message"):
            found.append("no message")
        if not answer.request_id:
            found.append("no request id")
        if answer.protocol == "smithy-rpc-v2-cbor":
            trait = declared[code].metadata.get("error", {}) if code in declared else {}
            status = trait.get("httpStatusCode", 400)
            if answer.status != status:
                found.append(f"HTTP {answer.status} instead of {status}")
        document = answer.document()
        if document is not None and set(document) != {"__type", "Message"}:
            found.append(f"members {sorted(document)}")
        return found

    def expect(self, what, value, expected):
        found = [] if value == expected else [f"{value!r} instead of {expected!r}"]
        self.tally.note(f"{self.wire.protocol}: {what}", found)

    def count(self, operation, items, expected, **arguments):
        """A paginated list that must have this many items on more than one page, if any can."""
        client = self.client("appstream")
        methods = client.meta.method_to_api_mapping
        method = next(method for method, name in methods.items() if name == operation)
        pages = list(client.get_paginator(method).paginate(**arguments))
        found = sum(len(page[items]) for page in pages)
        self.expect(f"{operation} over all pages", found, expected)
        self.expect(f"{operation} has pages", len(pages) > 1, expected > 2)

    def state_of(self, fleet):
        return self.look("appstream", "DescribeFleets", Names=[fleet])["Fleets"][0]["State"]

    def sessions(self, pair):
        return self.look("appstream", "DescribeSessions", **pair, Limit=2)["Sessions"]


def check_the_checker(tally):
    """The comparison itself must be able to fail."""
    client = wire.Wire("http://127.0.0.1:9", "json").client("appstream")
    shape = client.meta.service_model.operation_model("DescribeFleets").output_shape
    good = {
        "Arn": "arn:aws:appstream:eu-west-1:111122223333:fleet/a",
        "Name": "a",
        "InstanceType": "t",
        "ComputeCapacityStatus": {"Desired": 1, "Reserved": 0},
        "State": "RUNNING",
    }
    bad = [
        ("an unknown member", {"Bogus": 1}),
        ("a null", {"DisplayName": None}),
        ("a wrong type", {"MaxUserDurationInSeconds": "1"}),
        ("a boolean for a number", {"MaxUserDurationInSeconds": True}),
        ("an unknown value", {"State": "FLYING"}),
        ("a date instead of a number", {"CreatedTime": "2026-11-24"}),
        ("a missing member", {"ComputeCapacityStatus": {}}),
        ("a name that is none", {"Arn": "fleet/a"}),
    ]
    timestamp = shapes.WIRE_TIMESTAMP["json"]
    tally.note("the checker accepts a fleet", shapes.faults({"Fleets": [good]}, shape, timestamp))
    for what, change in bad:
        found = shapes.faults({"Fleets": [good | change]}, shape, timestamp)
        tally.note(f"the checker sees {what}", [] if found else ["it does not"])
