#!/usr/bin/env python3
"""Deploys every template with the real `sam deploy` on an emulator of CloudFormation that is not ours (ministack), and looks
at what is left after each step: create, fail and roll back, update, remove, adopt.

It takes what `sam build` built. The emulator runs no function here: what the functions do is for other tests. What it lacks is
named in LACKING and said at the end; an entry that it no longer lacks is a failure.
"""

import copy
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError
from samcli.yamlhelper import yaml_dump, yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.executable).parent
EXAMPLES = ["orders", "http-api", "websocket-api", "appsync-api", "second-authorizer"]
STACK = "tokenwright"

# Resources that the emulator cannot make, by template, with the word its refusal must have. They are left out.
LACKING = {
    "template.yaml": {
        "TableThrottleAlarm": "metric math", "TableSystemErrorAlarm": "metric math", "ApiWebAcl": "WebACLAssociation",
    },
    "examples/websocket-api/template.yaml": {"DefaultRouteResponse": "RouteResponse"},
}


def main():
    emulator, address = start()
    try:
        os.environ.update(
            AWS_ENDPOINT_URL=address, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION="us-east-1",
            AWS_DEFAULT_REGION="us-east-1", SAM_CLI_TELEMETRY="0", AWS_EC2_METADATA_DISABLED="true",
        )
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            run()
    finally:
        emulator.terminate()
        emulator.wait()


def start():
    """The emulator on a port of its own, on this machine's own address alone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    emulator = subprocess.Popen([os.environ["MINISTACK"]], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/_ministack/health", timeout=2).close()
            return emulator, address
        except OSError:
            time.sleep(0.5)
    emulator.terminate()
    sys.exit("the emulator did not start")


def run():
    print("packaging")
    templates = {name: package(name) for name in ["template.yaml", *(f"examples/{e}/template.yaml" for e in EXAMPLES)]}
    for name, lacking in LACKING.items():
        for logical, word in lacking.items():
            still_lacks(templates[name], logical, word)
    whole = without(templates["template.yaml"], LACKING["template.yaml"])
    failing = broken(whole, templates["template.yaml"])
    failed_creation_leaves_nothing(failing)
    outputs = creation(whole)
    protection()
    examples(templates, outputs)
    update(whole)
    options(whole)
    failed_update_changes_nothing(failing)
    removal_keeps_the_data(outputs)
    adoption(whole, outputs)
    lacking = [f"{logical} of {name} ({word})" for name, all in LACKING.items() for logical, word in all.items()]
    print("The emulator lacks, and this leaves out: " + ", ".join([*lacking, "ARNs from the Ref of a secret"]))


# --- templates

def package(name):
    built = ROOT / pathlib.Path(name).parent / ".aws-sam/build/template.yaml"
    if not built.exists():
        sys.exit(f"{built} is not there: make build")
    out = pathlib.Path(name.replace("/", "-"))
    command(BIN / "sam", "package", "--template-file", built, "--resolve-s3", "--output-template-file", out.resolve(), "--no-progressbar")
    return yaml_parse(out.read_text())


def without(template, logical):
    cut = copy.deepcopy(template)
    for name in logical:
        del cut["Resources"][name]
    return cut


def broken(template, whole):
    """The template and one resource that the emulator cannot make, after everything else."""
    out = copy.deepcopy(template)
    others = [name for name, resource in out["Resources"].items() if "Condition" not in resource]
    logical = next(iter(LACKING["template.yaml"]))
    out["Resources"][logical] = {**whole["Resources"][logical], "DependsOn": others}
    return out


def still_lacks(template, logical, word):
    """Makes the one resource by itself, which must be refused."""
    resource = literal(template["Resources"][logical], set(template["Resources"]))
    resource.pop("Condition", None)
    alone = {
        "AWSTemplateFormatVersion": "2010-09-09", "Resources": {logical: resource},
        "Parameters": {name: p for name, p in template.get("Parameters", {}).items() if "Default" in p},
        "Conditions": template.get("Conditions", {}),
    }
    cloudformation = boto3.client("cloudformation")
    try:
        reasons = " ".join(wait_for_end(cloudformation.create_stack(StackName="lacking", TemplateBody=json.dumps(alone))["StackId"]))
    except ClientError as error:  # refused at once
        reasons = str(error)
    expect(word in reasons, f"the emulator no longer lacks {logical}, or for another reason: take it out of LACKING ({reasons})")
    cloudformation.delete_stack(StackName="lacking")


def literal(value, resources):
    """A value in which other resources are only names."""
    if isinstance(value, dict):
        if value.get("Ref") in resources or "Fn::GetAtt" in value:
            return "another"
        return {key: literal(inner, resources) for key, inner in value.items()}
    return [literal(inner, resources) for inner in value] if isinstance(value, list) else value


# --- steps

def failed_creation_leaves_nothing(failing):
    print("a first deployment that fails")
    deploy(STACK, failing, fails="ROLLBACK_COMPLETE")
    kept = {e["LogicalResourceId"] for e in events(STACK) if e["ResourceStatus"] == "DELETE_SKIPPED"}
    expect(kept == {"ApiGatewayAccount", "ApiGatewayRole"}, f"it left {kept}")
    expect(not tables() and not secrets() and not log_groups(), f"it left {tables()}, {secrets()}, {log_groups()}")
    tool("destroy", answer=STACK)
    expect(not stack_named(STACK), "it is still there")


def creation(whole):
    print("creation")
    deploy(STACK, whole)
    made = {r["LogicalResourceId"] for r in stack_resources() if r["ResourceStatus"] == "CREATE_COMPLETE"}
    wanted = {name for name, r in whole["Resources"].items() if "Condition" not in r}
    expect(wanted <= made, f"not made: {wanted - made}")
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack_named(STACK)["Outputs"]}
    boto3.client("dynamodb").put_item(TableName=outputs["TableName"], Item={"pk": {"S": "OWNER#a"}, "sk": {"S": "PROFILE"}})
    expect(outputs["KeyringSecretArn"] == function("AuthorizerFunction")["KEYRING_SECRET_ID"], "another keyring")
    # On AWS the Ref of a secret is its ARN. The emulator gives its name, and so the output.
    [keyring] = secrets()
    expect(keyring != outputs["KeyringSecretArn"] and f":secret:{outputs['KeyringSecretArn']}-" in keyring, f"{keyring} is not {outputs}")
    return {**outputs, "KeyringSecretArn": keyring, "Keyring": outputs["KeyringSecretArn"]}


def protection():
    print("deletion protection")
    expect(not table()["DeletionProtectionEnabled"], "on from the start: a first deployment could not be rolled back")
    tool("protect")
    expect(table()["DeletionProtectionEnabled"], "it is not on")


def examples(templates, outputs):
    given = {
        "second-authorizer": {"TableName": outputs["TableName"], "KeyringSecretArn": outputs["KeyringSecretArn"]},
    }
    for name in EXAMPLES:
        print(f"examples/{name}")
        file = f"examples/{name}/template.yaml"
        template = without(templates[file], LACKING.get(file, {}))
        deploy(name, template, **given.get(name, {"AuthorizerArn": outputs["AuthorizerArn"]}))
        boto3.client("cloudformation").delete_stack(StackName=name)
        boto3.client("cloudformation").get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def update(whole):
    print("an update")
    deploy(STACK, whole, LogRetentionDays=60, RevokingConcurrency=5)
    kept = {g["logGroupName"]: g.get("retentionInDays") for g in boto3.client("logs").describe_log_groups(logGroupNamePrefix=f"/tokenwright/{STACK}/")["logGroups"]}
    expect(set(kept.values()) == {60}, f"logs are kept for {kept}")
    expect(table()["DeletionProtectionEnabled"], "an update that does not name it switched the deletion protection off")


def options(whole):
    """Everything that is off by itself."""
    print("an update with a domain, keys and traces")
    domain = "tokens.example.com"
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    deploy(
        STACK, whole, DomainName=domain, BasePath="api", DefaultEndpoint="off", MethodMetrics="on", Tracing="Active", KmsKeyArn=key, LogKmsKeyArn=key,
        CertificateArn=boto3.client("acm").request_certificate(DomainName=domain)["CertificateArn"], HostedZoneId=zone(),
    )
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack_named(STACK)["Outputs"]}
    expect(outputs["ApiUrl"] == f"https://{domain}/api" and outputs["DomainTarget"], f"{outputs}")
    made = {r["LogicalResourceId"] for r in stack_resources()}
    expect({"ApiDomain", "ApiDomainMapping", "ApiDomainRecord"} <= made, f"{made}")


def zone():
    made = boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="tokens")
    return made["HostedZone"]["Id"].rpartition("/")[2]


def failed_update_changes_nothing(failing):
    print("an update that fails")
    before = function("AuthorizerFunction")
    deploy(STACK, failing, fails="UPDATE_ROLLBACK_COMPLETE", TokenPrefix="other")
    expect(function("AuthorizerFunction") == before, "the functions were not taken back")
    expect(held(table()["TableName"]), "the table lost what it held")


def removal_keeps_the_data(outputs):
    print("removal")
    tool("destroy", answer="something else", fails=True)
    expect(stack_named(STACK), "it went without the stack's name")
    said = tool("destroy", answer=STACK)
    expect(not stack_named(STACK) and not log_groups(), "something stayed that should not")
    expect(outputs["TableName"] in said and outputs["Keyring"] in said, "it does not say what stays")
    expect(held(outputs["TableName"]) and secrets() == [outputs["KeyringSecretArn"]], "table or keyring went too")


def adoption(whole, outputs):
    print("adoption")
    tool("adopt", "--table", outputs["TableName"])
    deploy(STACK, whole, ExistingKeyringArn=outputs["KeyringSecretArn"])
    variables = function("AuthorizerFunction")
    expect(variables["TABLE_NAME"] == outputs["TableName"] and variables["KEYRING_SECRET_ID"] == outputs["KeyringSecretArn"], f"{variables}")
    expect(tables() == [outputs["TableName"]] and secrets() == [outputs["KeyringSecretArn"]], f"{tables()} {secrets()}")
    expect(held(outputs["TableName"]) and table()["DeletionProtectionEnabled"], "the table is not as it was")


# --- tools

def deploy(stack, template, fails=None, **parameters):
    file = pathlib.Path("deploy.yaml")
    file.write_text(yaml_dump(template))
    arguments = [f"{key}={value}" for key, value in parameters.items()]
    code, said = attempt(
        BIN / "sam", "deploy", "--template-file", file, "--stack-name", stack, "--capabilities", "CAPABILITY_IAM", "--resolve-s3",
        "--no-confirm-changeset", "--no-progressbar", *(["--parameter-overrides", *arguments] if arguments else []),
    )
    state = stack_named(stack)["StackStatus"] if stack_named(stack) else "none"
    if fails:
        expect(code != 0 and state == fails, f"sam deploy of {stack} should end as {fails}, and is {state}:\n{said[-3000:]}")
    else:
        expect(code == 0, f"sam deploy of {stack} failed ({state}):\n{said[-3000:]}{reasons(stack)}")


def tool(*arguments, answer="", fails=False):
    code, said = attempt(sys.executable, ROOT / "scripts/stack.py", *arguments, "--stack-name", STACK, answer=answer + "\n")
    expect((code != 0) == fails, f"stack.py {arguments}:\n{said}")
    return said


def command(*arguments):
    code, said = attempt(*arguments)
    expect(code == 0, f"{arguments}:\n{said[-3000:]}")


def attempt(*arguments, answer=None):
    done = subprocess.run([str(a) for a in arguments], input=answer, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def expect(holds, otherwise):
    if not holds:
        sys.exit(f"FAILED: {otherwise}")


def reasons(stack):
    return [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in events(stack) if e["ResourceStatus"].endswith("_FAILED")]


def events(stack):
    pages = boto3.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    return pages.build_full_result()["StackEvents"]


def wait_for_end(stack):
    for _ in range(120):
        if not boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"].endswith("_IN_PROGRESS"):
            return reasons(stack)
        time.sleep(0.5)
    return ["it does not end"]


def stack_named(name):
    stacks = boto3.client("cloudformation").describe_stacks()["Stacks"]
    return next((s for s in stacks if s["StackName"] == name and s["StackStatus"] != "DELETE_COMPLETE"), None)


def stack_resources():
    return boto3.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]


def function(logical):
    name = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical)["StackResourceDetail"]["PhysicalResourceId"]
    return boto3.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]


def tables():
    return boto3.client("dynamodb").list_tables()["TableNames"]


def table():
    return boto3.client("dynamodb").describe_table(TableName=tables()[0])["Table"]


def held(name):
    return "Item" in boto3.client("dynamodb").get_item(TableName=name, Key={"pk": {"S": "OWNER#a"}, "sk": {"S": "PROFILE"}})


def secrets():
    return [s["ARN"] for s in boto3.client("secretsmanager").list_secrets()["SecretList"]]


def log_groups():
    return [g["logGroupName"] for g in boto3.client("logs").describe_log_groups(logGroupNamePrefix=f"/tokenwright/{STACK}/")["logGroups"]]


if __name__ == "__main__":
    main()
