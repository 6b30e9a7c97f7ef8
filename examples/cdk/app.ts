import { App } from 'aws-cdk-lib';
import { HelloStack } from './hello.js';

new HelloStack(new App(), 'Hello', { tokenwright: 'tokenwright' });
