// A REST API and an HTTP API whose routes ask the authorizer of a deployed Tokenwright, and the function behind both.
import { Duration, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import * as rest from 'aws-cdk-lib/aws-apigateway';
import * as http from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

export interface HelloProps extends StackProps {
  /** The name of Tokenwright's stack, in the same AWS account and Region. */
  readonly tokenwright: string;
}

export class HelloStack extends Stack {
  constructor(scope: Construct, id: string, props: HelloProps) {
    super(scope, id, props);

    // Tokenwright's stack lets every API of the account call its authorizer, so this one grants nothing.
    const authorizer = lambda.Function.fromFunctionAttributes(this, 'Authorizer', {
      functionArn: Fn.importValue(`${props.tokenwright}-AuthorizerArn`),
      skipPermissions: true,
    });
    const hello = new lambda.Function(this, 'Hello', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(`exports.handler = async (event) => {
  const a = event.requestContext?.authorizer;
  const caller = a?.lambda ?? a;
  if (!caller?.accountId) throw new Error('the authorizer is not attached');
  return { statusCode: 200, body: 'hello ' + caller.userId };
};`),
    });
    // Ask on every request: a revoked token is refused on the next one.
    const resultsCacheTtl = Duration.seconds(0);

    new rest.RestApi(this, 'Rest', {
      deployOptions: { stageName: 'live' },
      cloudWatchRole: false, // there is one for the whole account, which Tokenwright's stack may have set
      defaultMethodOptions: {
        authorizer: new rest.RequestAuthorizer(this, 'RestAuthorizer', { handler: authorizer, identitySources: [], resultsCacheTtl }),
      },
    }).root.addResource('hello').addMethod('GET', new rest.LambdaIntegration(hello));

    new http.HttpApi(this, 'Http', {
      defaultAuthorizer: new HttpLambdaAuthorizer('HttpAuthorizer', authorizer, {
        responseTypes: [HttpLambdaResponseType.SIMPLE], // IAM where Tokenwright's parameter HttpApiResponse is iam
        identitySource: ['$request.header.Authorization'],
        resultsCacheTtl,
      }),
    }).addRoutes({ path: '/hello', methods: [http.HttpMethod.GET], integration: new HttpLambdaIntegration('Hello', hello) });
  }
}
