import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { HelloStack } from './hello.js';

const template = Template.fromStack(new HelloStack(new App(), 'Hello', { tokenwright: 'tokens-eu' }));
const authorizerArn = { 'Fn::ImportValue': 'tokens-eu-AuthorizerArn' };

// idOf returns the logical id of the one resource of a type.
function idOf(type: string): string {
  const ids = Object.keys(template.findResources(type));
  assert.equal(ids.length, 1, `${type}: ${ids}`);
  return ids[0];
}

test('the REST API asks the authorizer on every request, whatever header the credential is in', () => {
  template.hasResourceProperties('AWS::ApiGateway::Authorizer', {
    Type: 'REQUEST',
    AuthorizerResultTtlInSeconds: 0,
    IdentitySource: '',
  });
  const [authorizer] = Object.values(template.findResources('AWS::ApiGateway::Authorizer'));
  assert.ok(JSON.stringify(authorizer.Properties.AuthorizerUri).includes(JSON.stringify(authorizerArn)));
});

test('the HTTP API asks the authorizer on every request, and takes its simple answer', () => {
  template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
    AuthorizerType: 'REQUEST',
    AuthorizerPayloadFormatVersion: '2.0',
    EnableSimpleResponses: true,
    AuthorizerResultTtlInSeconds: 0,
    IdentitySource: ['$request.header.Authorization'],
  });
  const [authorizer] = Object.values(template.findResources('AWS::ApiGatewayV2::Authorizer'));
  assert.ok(JSON.stringify(authorizer.Properties.AuthorizerUri).includes(JSON.stringify(authorizerArn)));
});

test('no route is open', () => {
  const methods = template.findResources('AWS::ApiGateway::Method');
  const routes = template.findResources('AWS::ApiGatewayV2::Route');
  assert.deepEqual([Object.keys(methods).length, Object.keys(routes).length], [1, 1]);
  template.allResourcesProperties('AWS::ApiGateway::Method', {
    AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: idOf('AWS::ApiGateway::Authorizer') },
  });
  template.allResourcesProperties('AWS::ApiGatewayV2::Route', {
    AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: idOf('AWS::ApiGatewayV2::Authorizer') },
  });
});

test('it grants nothing on the authorizer: the stack of Tokenwright does', () => {
  const hello = { 'Fn::GetAtt': [idOf('AWS::Lambda::Function'), 'Arn'] };
  const permissions = Object.values(template.findResources('AWS::Lambda::Permission'));
  assert.ok(permissions.length > 0);
  for (const p of permissions) assert.deepEqual(p.Properties.FunctionName, hello);
});

test('it leaves what the whole account has of API Gateway alone', () => {
  template.resourceCountIs('AWS::ApiGateway::Account', 0);
});
