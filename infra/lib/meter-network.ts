import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** A network that the workers may use: its subnets need a way to Kinesis, DynamoDB, CloudWatch Logs and ECR. */
export interface ExistingNetwork {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
}

const AVAILABILITY_ZONES = 2;
const HTTPS = Port.tcp(443);

/** Workers call three services, and ECS fetches an image. KMS and STS are not among the endpoints: Kinesis and
 *  DynamoDB call KMS themselves, and a task's credentials come from ECS's own address. */
const INTERFACES = {
  Kinesis: InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  EcrApi: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
};

/** Subnets without a way to or from the internet: a worker that is broken into can send nothing out but to these
 *  endpoints, and through those of Kinesis and DynamoDB only to this account. */
export class MeterNetwork extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  /** The workers': nothing comes in, and only HTTPS goes out. */
  readonly workers: SecurityGroup;

  constructor(scope: Construct, id: string, existing?: ExistingNetwork) {
    super(scope, id);
    if (existing) {
      this.vpc = existing.vpc;
      this.subnets = existing.subnets;
      this.workers = this.securityGroup('Workers', 'supersim-meter workers: nothing in, HTTPS out');
      this.workers.addEgressRule(Peer.anyIpv4(), HTTPS, 'AWS endpoints');
      return;
    }
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.61.0.0/24'),
      maxAzs: AVAILABILITY_ZONES,
      natGateways: 0,
      subnetConfiguration: [{ name: 'workers', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }],
    });
    this.vpc = vpc;
    this.subnets = vpc.isolatedSubnets;
    this.workers = this.securityGroup('Workers', 'supersim-meter workers: nothing in, HTTPS out');
    this.workers.addEgressRule(Peer.anyIpv4(), HTTPS, 'AWS endpoints: the only way that the subnets have');
    this.addEndpoints(vpc);
    vpc.addFlowLog('Refused', {
      trafficType: FlowLogTrafficType.REJECT,
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLog', {
          retention: RetentionDays.ONE_MONTH,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      ),
    });
  }

  private securityGroup(id: string, description: string): SecurityGroup {
    return new SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound: false });
  }

  private addEndpoints(vpc: Vpc): void {
    const group = this.securityGroup('Endpoints', 'AWS endpoints: HTTPS from the workers');
    group.addIngressRule(this.workers, HTTPS, 'workers');
    const dynamodb = vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    dynamodb.addToPolicy(ownResources('dynamodb:*'));
    // ECR keeps an image's layers there, in buckets of AWS.
    vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    for (const [id, service] of Object.entries(INTERFACES)) {
      const endpoint = vpc.addInterfaceEndpoint(id, { service, open: false, securityGroups: [group] });
      if (service === InterfaceVpcEndpointAwsService.KINESIS_STREAMS)
        endpoint.addToPolicy(ownResources('kinesis:*'));
    }
  }
}

/** What the endpoint lets through; what a caller may do, its role says. */
const ownResources = (action: string): PolicyStatement =>
  new PolicyStatement({
    principals: [new AnyPrincipal()],
    actions: [action],
    resources: ['*'],
    conditions: {
      StringEquals: { 'aws:ResourceAccount': Aws.ACCOUNT_ID, 'aws:PrincipalAccount': Aws.ACCOUNT_ID },
    },
  });
