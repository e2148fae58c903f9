/**
 * What stands in front of the API: a web ACL, and the API's own name for a CDN to call. Both are optional. The API and
 * its stage are the SAM stack's; the CDN and its names are whoever's who runs it.
 */
import { ArnFormat, CfnCondition, CfnOutput, CfnParameter, Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { EdgeConfig, EnvironmentConfig, WafConfig } from './config';
import { published } from './contract';

export interface EdgeProps extends StackProps {
  readonly config: EnvironmentConfig;
  readonly edge: EdgeConfig;
}

/** The only route that takes a file. */
const uploadPath = '/documents/upload';
/** Rules of the common set that inspect bodies. A photograph exceeds their size limit, and its bytes may match them by chance. */
const bodyRules = {
  CrossSiteScripting_BODY: 'CrossSiteScripting_Body',
  EC2MetaDataSSRF_BODY: 'EC2MetaDataSSRF_Body',
  GenericLFI_BODY: 'GenericLFI_Body',
  GenericRFI_BODY: 'GenericRFI_Body',
  SizeRestrictions_BODY: 'SizeRestrictions_Body',
} as const;

export class EdgeStack extends Stack {
  private readonly environmentName: string;

  constructor(scope: Construct, id: string, props: EdgeProps) {
    super(scope, id, props);
    const { config, edge } = props;
    this.environmentName = config.name;
    const apiId = published(this, config.name, 'api/id');
    const stage = published(this, config.name, 'api/stage');
    if (edge.waf) {
      const acl = this.makeAcl(edge.waf);
      this.logBlocked(acl, config);
      new wafv2.CfnWebACLAssociation(this, 'ApiAcl', {
        resourceArn: `arn:${this.partition}:apigateway:${this.region}::/restapis/${apiId}/stages/${stage}`,
        webAclArn: acl.attrArn,
      });
    }
    if (edge.domainName !== undefined) {
      this.makeDomain(edge.domainName, apiId, stage);
    }
  }

  private makeAcl(waf: WafConfig): wafv2.CfnWebACL {
    const rules: Omit<wafv2.CfnWebACL.RuleProperty, 'priority'>[] = [
      ...(waf.requireOriginSecret ? [this.requireOriginSecret()] : []),
      this.boundRate(waf),
      this.managed('common', 'AWSManagedRulesCommonRuleSet', Object.keys(bodyRules)),
      this.managed('bad-inputs', 'AWSManagedRulesKnownBadInputsRuleSet', []),
      this.blockBodiesButUploads(),
    ];
    return new wafv2.CfnWebACL(this, 'Acl', {
      name: `filot-${this.environmentName}`,
      description: 'FiLot: in front of the API',
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: this.visible('acl'),
      rules: rules.map((rule, priority) => ({ ...rule, priority })),
    });
  }

  /** Names a rule in the metrics. Samples would keep whole headers, tokens among them, where anybody may look who sees the ACL. */
  private visible(name: string): wafv2.CfnWebACL.VisibilityConfigProperty {
    return { cloudWatchMetricsEnabled: true, metricName: `filot-${this.environmentName}-${name}`, sampledRequestsEnabled: false };
  }

  /**
   * Only who knows the origin secret gets through: the CDN, which adds the header.
   *
   * CloudFormation resolves a secret when the resource changes, and the functions' list of two keys would be one word
   * here. So the versions to accept are named, at most two of them, and a rotation names both while it lasts
   * (docs/infrastructure.md).
   */
  private requireOriginSecret(): Omit<wafv2.CfnWebACL.RuleProperty, 'priority'> {
    const version = (id: string, description: string) =>
      new CfnParameter(this, id, { default: '', allowedPattern: '^([A-Za-z0-9-]{32,64})?$', description }).valueAsString;
    const first = version('OriginHeaderVersion', 'Id of the version of secret filot/origin-secret to accept; empty: the current one.');
    const second = version('OriginHeaderOtherVersion', 'Id of a second version to accept while rotating; empty: none.');
    const hasSecond = new CfnCondition(this, 'HasOtherVersion', { expression: Fn.conditionNot(Fn.conditionEquals(second, '')) });
    const is = (versionId: string): wafv2.CfnWebACL.StatementProperty => ({
      byteMatchStatement: {
        fieldToMatch: { singleHeader: { Name: 'x-origin-secret' } },
        positionalConstraint: 'EXACTLY',
        searchString: Fn.join('', ['{{resolve:secretsmanager:filot/origin-secret:SecretString:::', versionId, '}}']),
        textTransformations: [{ priority: 0, type: 'NONE' }],
      },
    });
    return {
      name: 'origin-secret',
      action: { block: { customResponse: { responseCode: 403 } } },
      visibilityConfig: this.visible('origin-secret'),
      statement: {
        notStatement: {
          statement: { orStatement: { statements: [is(first), is(Fn.conditionIf(hasSecond.logicalId, second, first).toString())] } },
        },
      },
    };
  }

  private boundRate(waf: WafConfig): Omit<wafv2.CfnWebACL.RuleProperty, 'priority'> {
    return {
      name: 'rate',
      action: { block: { customResponse: { responseCode: 429 } } },
      visibilityConfig: this.visible('rate'),
      statement: {
        rateBasedStatement: {
          limit: waf.requestsPer5Minutes,
          evaluationWindowSec: 300,
          // Behind a CDN the source address is the CDN's. Its header for the client address counts only if nobody else can send it.
          ...(waf.requireOriginSecret
            ? { aggregateKeyType: 'FORWARDED_IP', forwardedIpConfig: { headerName: 'CF-Connecting-IP', fallbackBehavior: 'MATCH' } }
            : { aggregateKeyType: 'IP' }),
        },
      },
    };
  }

  private managed(name: string, ruleSet: string, counted: readonly string[]): Omit<wafv2.CfnWebACL.RuleProperty, 'priority'> {
    return {
      name,
      overrideAction: { none: {} },
      visibilityConfig: this.visible(name),
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name: ruleSet,
          ...(counted.length > 0 && { ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })) }),
        },
      },
    };
  }

  /** Blocks what the rules for bodies only labelled, on every route but the upload. */
  private blockBodiesButUploads(): Omit<wafv2.CfnWebACL.RuleProperty, 'priority'> {
    const labelled: wafv2.CfnWebACL.StatementProperty[] = Object.values(bodyRules).map((label) => ({
      labelMatchStatement: { scope: 'LABEL', key: `awswaf:managed:aws:core-rule-set:${label}` },
    }));
    const isUpload: wafv2.CfnWebACL.StatementProperty = {
      byteMatchStatement: {
        fieldToMatch: { uriPath: {} },
        // The path begins with the stage, except under a custom domain name.
        positionalConstraint: 'ENDS_WITH',
        searchString: uploadPath,
        textTransformations: [{ priority: 0, type: 'NONE' }],
      },
    };
    return {
      name: 'bodies',
      action: { block: {} },
      visibilityConfig: this.visible('bodies'),
      statement: { andStatement: { statements: [{ orStatement: { statements: labelled } }, { notStatement: { statement: isUpload } }] } },
    };
  }

  /** Logs blocked requests, without their credentials. */
  private logBlocked(acl: wafv2.CfnWebACL, config: EnvironmentConfig): void {
    const group = new logs.LogGroup(this, 'AclLogs', {
      // AWS WAF writes only to groups that begin like this.
      logGroupName: `aws-waf-logs-filot-${config.name}`,
      retention: config.logRetentionDays,
      removalPolicy: config.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    new wafv2.CfnLoggingConfiguration(this, 'AclLogging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [this.formatArn({ service: 'logs', resource: 'log-group', resourceName: group.logGroupName, arnFormat: ArnFormat.COLON_RESOURCE_NAME })],
      redactedFields: ['authorization', 'cookie', 'x-buli2-signature', 'x-origin-secret'].map((name) => ({ singleHeader: { Name: name } })),
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [{ Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] }],
      },
    });
  }

  private makeDomain(domainName: string, apiId: string, stage: string): void {
    const certificate = new CfnParameter(this, 'CertificateArn', {
      description: `Certificate for ${domainName}, in this region. Its ARN names the account, so it is not in the configuration.`,
      allowedPattern: '^arn:aws[a-z-]*:acm:.+$',
    });
    const domain = new apigateway.CfnDomainName(this, 'ApiDomain', {
      domainName,
      regionalCertificateArn: certificate.valueAsString,
      endpointConfiguration: { types: ['REGIONAL'] },
      securityPolicy: 'TLS_1_2',
    });
    new apigateway.CfnBasePathMapping(this, 'ApiMapping', { domainName: domain.ref, restApiId: apiId, stage });
    new CfnOutput(this, 'ApiDomainTarget', { value: domain.attrRegionalDomainName, description: `Where the CDN, or a CNAME of ${domainName}, points` });
  }
}
