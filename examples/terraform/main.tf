# A REST API and an HTTP API whose routes ask the authorizer of a deployed Tokenwright. A test parses this file and looks at
# it; no provider has run it.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "authorizer_arn" {
  type        = string
  description = "The output AuthorizerArn of Tokenwright's stack, in the same AWS account and Region"
}

variable "function_name" {
  type        = string
  description = "The function behind both APIs"
}

data "aws_region" "here" {}

data "aws_lambda_function" "hello" {
  function_name = var.function_name
}

locals {
  # How API Gateway calls a function. Tokenwright's stack lets every API of the account call the authorizer.
  authorizer_uri = "arn:aws:apigateway:${data.aws_region.here.region}:lambda:path/2015-03-31/functions/${var.authorizer_arn}/invocations"
}

# The HTTP API.

resource "aws_apigatewayv2_api" "http" {
  name          = "hello-http"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_authorizer" "http" {
  api_id                            = aws_apigatewayv2_api.http.id
  name                              = "tokenwright"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = local.authorizer_uri
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true # false where Tokenwright's parameter HttpApiResponse is iam
  identity_sources                  = ["$request.header.Authorization"]
  authorizer_result_ttl_in_seconds  = 0 # ask on every request
}

resource "aws_apigatewayv2_integration" "http" {
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = data.aws_lambda_function.hello.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "http" {
  api_id             = aws_apigatewayv2_api.http.id
  route_key          = "GET /hello"
  target             = "integrations/${aws_apigatewayv2_integration.http.id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.http.id
}

resource "aws_apigatewayv2_stage" "http" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "http" {
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*/GET/hello"
}

# The REST API.

resource "aws_api_gateway_rest_api" "rest" {
  name = "hello-rest"
}

resource "aws_api_gateway_authorizer" "rest" {
  rest_api_id                      = aws_api_gateway_rest_api.rest.id
  name                             = "tokenwright"
  type                             = "REQUEST"
  authorizer_uri                   = local.authorizer_uri
  identity_source                  = "method.request.header.Authorization" # without it, API Gateway answers 401 by itself
  authorizer_result_ttl_in_seconds = 0
}

resource "aws_api_gateway_resource" "hello" {
  rest_api_id = aws_api_gateway_rest_api.rest.id
  parent_id   = aws_api_gateway_rest_api.rest.root_resource_id
  path_part   = "hello"
}

resource "aws_api_gateway_method" "hello" {
  rest_api_id   = aws_api_gateway_rest_api.rest.id
  resource_id   = aws_api_gateway_resource.hello.id
  http_method   = "GET"
  authorization = "CUSTOM"
  authorizer_id = aws_api_gateway_authorizer.rest.id
}

resource "aws_api_gateway_integration" "hello" {
  rest_api_id             = aws_api_gateway_rest_api.rest.id
  resource_id             = aws_api_gateway_resource.hello.id
  http_method             = aws_api_gateway_method.hello.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = data.aws_lambda_function.hello.invoke_arn
}

resource "aws_api_gateway_deployment" "rest" {
  rest_api_id = aws_api_gateway_rest_api.rest.id
  depends_on  = [aws_api_gateway_integration.hello]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "rest" {
  rest_api_id   = aws_api_gateway_rest_api.rest.id
  deployment_id = aws_api_gateway_deployment.rest.id
  stage_name    = "live"
}

resource "aws_lambda_permission" "rest" {
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.rest.execution_arn}/*/GET/hello"
}
