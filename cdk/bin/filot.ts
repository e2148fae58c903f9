import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { configurationOf } from '../config';
import { build } from '../lib/app';

const app = new App();
try {
  build(app, configurationOf(app.node.tryGetContext('env')));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  // A wrong word in a file needs no stack trace.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
