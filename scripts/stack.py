#!/usr/bin/env python3
"""What `sam deploy` does not do with a stack: protect its table, remove it, take a table that stayed into a new one.

    stack.py protect                  switches the table's deletion protection on, once the stack stands
    stack.py destroy                  says what goes and what stays, asks for the stack's name, removes it
    stack.py adopt --table NAME       makes a stack of the table alone (a resource import); `sam deploy` adds the rest

Stack and Region are those of samconfig.toml, unless --stack-name, --region and --profile name others. Other options, which
are meant for `sam deploy`, are passed over.
"""

import argparse
import collections
import json
import os
import pathlib
import sys
import tomllib

import boto3
from botocore.exceptions import ClientError
from samcli.yamlhelper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = pathlib.Path("samconfig.toml")
PROTECTION = "TableDeletionProtection"
# What the template keeps when the stack goes.
KEPT = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::ApiGateway::Account"}
KEPT_IDS = {"ApiGatewayRole"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["protect", "destroy", "adopt"])
    parser.add_argument("--stack-name")
    parser.add_argument("--region")
    parser.add_argument("--profile")
    parser.add_argument("--table")
    options, _ = parser.parse_known_args()
    configured = deploy_settings()
    name = options.stack_name or configured.get("stack_name")
    if not name:
        sys.exit("no stack is named: say ARGS='--stack-name NAME'")
    session = boto3.Session(
        region_name=options.region or configured.get("region"), profile_name=options.profile or configured.get("profile")
    )
    try:
        {"protect": protect, "destroy": destroy, "adopt": adopt}[options.command](session, name, options)
    except ClientError as error:
        sys.exit(f"{name}: {error}")


def deploy_settings():
    try:
        return tomllib.loads(CONFIG.read_text())["default"]["deploy"]["parameters"]
    except (FileNotFoundError, KeyError):
        return {}


def describe(session, name):
    """The stack, or None when there is none."""
    try:
        return session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def protect(session, name, _):
    stack = describe(session, name)
    if not stack:
        sys.exit(f"there is no stack {name}")
    values = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    if values.get(PROTECTION) != "on":
        cloudformation = session.client("cloudformation")
        cloudformation.update_stack(
            StackName=name, UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": PROTECTION, "ParameterValue": "on"}]
            + [{"ParameterKey": key, "UsePreviousValue": True} for key in values if key != PROTECTION],
        )
        cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 5})
    remember()
    print("The table is protected from deletion.")


def remember():
    """Keeps the answers of `sam deploy --guided`, if it wrote them down, from switching the protection off again."""
    if CONFIG.exists():
        text = CONFIG.read_text()
        kept = text.replace(f'{PROTECTION}=\\"off\\"', f'{PROTECTION}=\\"on\\"').replace(f'"{PROTECTION}=off"', f'"{PROTECTION}=on"')
        if kept != text:
            CONFIG.write_text(kept)


def destroy(session, name, _):
    stack = describe(session, name)
    if not stack:
        sys.exit(f"there is no stack {name}")
    cloudformation = session.client("cloudformation")
    resources = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name).build_full_result()["StackResourceSummaries"]
    resources = [r for r in resources if r["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")]
    kept = [r for r in resources if r["ResourceType"] in KEPT or r["LogicalResourceId"] in KEPT_IDS]
    refuse_if_used(cloudformation, stack)
    announce(name, [r for r in resources if r not in kept], kept)
    if input(f"Type the stack's name to remove it: ").strip() != name:
        sys.exit("Nothing was removed.")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"], WaiterConfig={"Delay": 5})
    late_logs(session, name)
    farewell(name, kept)


def refuse_if_used(cloudformation, stack):
    for output in stack.get("Outputs", []):
        if "ExportName" not in output:
            continue
        try:
            users = cloudformation.list_imports(ExportName=output["ExportName"])["Imports"]
        except ClientError as error:
            if "not imported" not in str(error):
                raise
            continue
        if users:
            sys.exit(f"other stacks use {output['ExportName']}: {', '.join(users)}. Nothing was removed.")


def announce(name, gone, kept):
    print(f"Of the stack {name}, this removes:")
    for kind, count in sorted(collections.Counter(r["ResourceType"] for r in gone).items()):
        print(f"  {count:4} {kind}")
    print("The APIs that attach its authorizer will refuse everybody. These stay, with all tokens, people and audit events:")
    for r in kept:
        print(f"       {r['ResourceType']} {r.get('PhysicalResourceId', '')}")


def late_logs(session, name):
    """A function that still ran when its log group went makes it anew; the next stack of the name would trip over it."""
    logs = session.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/tokenwright/{name}/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])


def farewell(name, kept):
    print(f"{name} is removed.")
    found = {r["ResourceType"]: r.get("PhysicalResourceId", "") for r in kept}
    table, keyring = found.get("AWS::DynamoDB::Table"), found.get("AWS::SecretsManager::Secret", "<its keyring>")
    if not table:
        return
    print(f"""To go on with its tokens:
  make adopt TABLE={table} ARGS='--stack-name {name}'
  make deploy ARGS='--stack-name {name} --parameter-overrides ExistingKeyringArn={keyring}'
To delete its data for good:
  aws dynamodb update-table --table-name {table} --no-deletion-protection-enabled
  aws dynamodb delete-table --table-name {table}
  aws secretsmanager delete-secret --secret-id {keyring}""")


def adopt(session, name, options):
    if not options.table:
        sys.exit("say which table: make adopt TABLE=NAME")
    if describe(session, name):
        sys.exit(f"there is a stack {name} already")
    table = session.client("dynamodb").describe_table(TableName=options.table)["Table"]
    template, parameters = table_alone(session, table)
    cloudformation = session.client("cloudformation")
    change = cloudformation.create_change_set(
        StackName=name, ChangeSetName="adopt", ChangeSetType="IMPORT", TemplateBody=json.dumps(template), Parameters=parameters,
        ResourcesToImport=[{
            "ResourceType": "AWS::DynamoDB::Table", "LogicalResourceId": "TokenTable",
            "ResourceIdentifier": {"TableName": options.table},
        }],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=change["Id"], WaiterConfig={"Delay": 2})
    cloudformation.execute_change_set(ChangeSetName=change["Id"])
    cloudformation.get_waiter("stack_import_complete").wait(StackName=name, WaiterConfig={"Delay": 5})
    print(f"{name} has the table {options.table}. Now: make deploy ARGS='--stack-name {name} --parameter-overrides ExistingKeyringArn=…'")


def table_alone(session, table):
    """The template with nothing but the table, because an import adds nothing else; and its parameters as the table is."""
    whole = yaml_parse((ROOT / "template.yaml").read_text())
    resource = {**whole["Resources"]["TokenTable"], "DeletionPolicy": "Retain"}
    wanted = {PROTECTION: "on" if table.get("DeletionProtectionEnabled") else "off", "KmsKeyArn": own_key(session, table)}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09", "Resources": {"TokenTable": resource},
        "Parameters": {key: whole["Parameters"][key] for key in wanted},
        "Conditions": {key: whole["Conditions"][key] for key in ("ProtectsTable", "HasKmsKey")},
    }
    return template, [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()]


def own_key(session, table):
    """The table's key, if it is not the one that AWS manages."""
    key = table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")
    if not key:
        return ""
    about = session.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    return key if about["KeyManager"] == "CUSTOMER" else ""


if __name__ == "__main__":
    main()
