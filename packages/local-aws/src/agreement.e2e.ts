import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
} from '@aws-sdk/client-ecr';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noMoto, startMoto } from '../test/moto.ts';
import { type LocalAws, startLocalAws } from './start-local-aws.ts';

interface Clients {
  s3: S3Client;
  sqs: SQSClient;
  ecr: ECRClient;
  logs: CloudWatchLogsClient;
  cloudwatch: CloudWatchClient;
}

function connect(endpoint: string, credentials: LocalAws['credentials']): Clients {
  const config = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    sqs: new SQSClient(config),
    ecr: new ECRClient(config),
    logs: new CloudWatchLogsClient(config),
    cloudwatch: new CloudWatchClient(config),
  };
}

/** What a call came to: its answer, or its error's name and status. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { error: name, status: $metadata?.httpStatusCode };
  }
}

const Bucket = 'agreement';
const big = Buffer.alloc(5 << 20, 'a');

/** What both are asked; each answers with what it saw, free of times, ids and ports. */
const scenarios: Record<string, (clients: Clients) => Promise<unknown>> = {
  async 'S3 objects, ranges and conditions'({ s3 }) {
    await s3.send(new CreateBucketCommand({ Bucket }));
    const put = (Key: string, Body: string, extra = {}) =>
      outcome(s3.send(new PutObjectCommand({ Bucket, Key, Body, ...extra })).then(({ ETag }) => ETag));
    const get = (Key: string, extra = {}) =>
      outcome(
        s3.send(new GetObjectCommand({ Bucket, Key, ...extra })).then(async (object) => ({
          body: await object.Body!.transformToString(),
          range: object.ContentRange,
          length: object.ContentLength,
          type: object.ContentType,
          metadata: object.Metadata,
          etag: object.ETag,
        })),
      );
    return [
      await put('digits', '0123456789', { ContentType: 'text/plain', Metadata: { a: 'b' } }),
      await get('digits'),
      await get('digits', { Range: 'bytes=2-4' }),
      await get('digits', { Range: 'bytes=-3' }),
      await get('digits', { Range: 'bytes=8-99' }),
      await get('digits', { Range: 'bytes=10-' }),
      await put('digits', 'x', { IfNoneMatch: '*' }),
      await put('digits', 'x', { IfMatch: '"0"' }),
      await put('new', 'x', { IfNoneMatch: '*' }),
      await get('digits', { IfNoneMatch: '"781e5e245d69b566979b86e28d23f2c7"' }),
      await get('digits', { IfMatch: '"0"' }),
      await get('missing'),
      await outcome(s3.send(new HeadObjectCommand({ Bucket, Key: 'missing' }))),
      await outcome(s3.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket' }))),
      await outcome(
        s3
          .send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/digits` }))
          .then(({ CopyObjectResult }) => CopyObjectResult?.ETag),
      ),
      await get('copy'),
      await outcome(
        s3
          .send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'copy' }, { Key: 'none' }] } }))
          .then(({ Deleted }) => Deleted?.map(({ Key }) => Key).sort()),
      ),
    ];
  },

  async 'S3 listing'({ s3 }) {
    const where = { Bucket: 'listing' };
    await s3.send(new CreateBucketCommand(where));
    for (const Key of ['a/1', 'a/2', 'a/b/3', 'c', 'd&<>"', 'e ü', 'f+g'])
      await s3.send(new PutObjectCommand({ ...where, Key, Body: Key }));
    const list = async (extra = {}) => {
      const page = await s3.send(new ListObjectsV2Command({ ...where, ...extra }));
      return {
        keys: page.Contents?.map(({ Key, Size, ETag }) => [Key, Size, ETag]),
        prefixes: page.CommonPrefixes,
        count: page.KeyCount,
        truncated: page.IsTruncated,
        prefix: page.Prefix,
        more: page.NextContinuationToken !== undefined,
      };
    };
    return [
      await list(),
      await list({ Delimiter: '/' }),
      await list({ Prefix: 'a/', Delimiter: '/' }),
      await list({ MaxKeys: 2 }),
      await list({ StartAfter: 'c' }),
      await list({ Prefix: 'nothing' }),
    ];
  },

  async 'S3 multipart upload'({ s3 }) {
    const target = { Bucket: 'multipart', Key: 'big' };
    await s3.send(new CreateBucketCommand({ Bucket: target.Bucket }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const Parts: { PartNumber: number; ETag: string }[] = [];
    for (const [index, Body] of [big, Buffer.from('end')].entries()) {
      const PartNumber = index + 1;
      const part = { ...target, UploadId: UploadId!, PartNumber, Body };
      const { ETag } = await s3.send(new UploadPartCommand(part));
      Parts.push({ PartNumber, ETag: ETag! });
    }
    const complete = (parts: typeof Parts) =>
      outcome(
        s3
          .send(
            new CompleteMultipartUploadCommand({
              ...target,
              UploadId: UploadId!,
              MultipartUpload: { Parts: parts },
            }),
          )
          .then(({ ETag }) => ETag),
      );
    return [
      Parts,
      await complete([{ PartNumber: 1, ETag: '"0"' }]),
      await complete(Parts),
      await outcome(
        s3.send(new HeadObjectCommand(target)).then(({ ContentLength, ETag }) => [ContentLength, ETag]),
      ),
    ];
  },

  async 'S3 versioning'({ s3 }) {
    const where = { Bucket: 'versioned' };
    await s3.send(new CreateBucketCommand(where));
    await s3.send(
      new PutBucketVersioningCommand({ ...where, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    for (const Body of ['one', 'two']) await s3.send(new PutObjectCommand({ ...where, Key: 'k', Body }));
    const marker = await s3.send(new DeleteObjectCommand({ ...where, Key: 'k' }));
    const listed = await s3.send(new ListObjectVersionsCommand(where));
    const gone = await outcome(s3.send(new GetObjectCommand({ ...where, Key: 'k' })));
    await s3.send(new DeleteObjectCommand({ ...where, Key: 'k', VersionId: marker.VersionId! }));
    const back = await s3.send(new GetObjectCommand({ ...where, Key: 'k' }));
    return [
      marker.DeleteMarker,
      listed.Versions?.map(({ Key, IsLatest, Size }) => [Key, IsLatest, Size]),
      listed.DeleteMarkers?.map(({ Key, IsLatest }) => [Key, IsLatest]),
      gone,
      await back.Body!.transformToString(),
    ];
  },

  async SQS({ sqs }) {
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'q', Attributes: { VisibilityTimeout: '40' } }),
    );
    const queue = { QueueUrl: QueueUrl! };
    const sent = await sqs.send(
      new SendMessageCommand({
        ...queue,
        MessageBody: 'hello ü',
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'mail' } },
      }),
    );
    const receive = async () => {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({ ...queue, MessageAttributeNames: ['All'] }),
      );
      return Messages;
    };
    const attributes = async () => {
      const AttributeNames = [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'VisibilityTimeout',
        'DelaySeconds',
        'MessageRetentionPeriod',
      ] as const;
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ ...queue, AttributeNames: [...AttributeNames] }),
      );
      return Attributes;
    };
    const before = await attributes();
    const [message] = (await receive()) ?? [];
    const during = await attributes();
    const hidden = await receive();
    await sqs.send(new DeleteMessageCommand({ ...queue, ReceiptHandle: message!.ReceiptHandle! }));
    return [
      sent.MD5OfMessageBody,
      before,
      [message?.Body, message?.MD5OfBody, message?.MessageAttributes],
      during,
      hidden,
      await attributes(),
      await outcome(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))),
    ];
  },

  async 'ECR repositories'({ ecr }) {
    const create = (input: ConstructorParameters<typeof CreateRepositoryCommand>[0]) =>
      outcome(
        ecr
          .send(new CreateRepositoryCommand(input))
          .then(({ repository }) => [
            repository?.repositoryName,
            repository?.imageTagMutability,
            repository?.imageScanningConfiguration,
            repository?.encryptionConfiguration,
          ]),
      );
    const repositoryName = 'team/app';
    return [
      await create({ repositoryName, imageTagMutability: 'IMMUTABLE' }),
      await create({ repositoryName }),
      await outcome(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['none'] }))),
      await outcome(ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }] }))),
      await outcome(
        ecr
          .send(new DeleteRepositoryCommand({ repositoryName }))
          .then(({ repository }) => repository?.repositoryName),
      ),
    ];
  },

  async 'CloudWatch Logs groups'({ logs }) {
    const group = { logGroupName: '/aws/lambda/f' };
    return [
      await outcome(logs.send(new CreateLogGroupCommand(group)).then(() => 'made')),
      await outcome(logs.send(new CreateLogGroupCommand(group))),
      await outcome(
        logs.send(new PutRetentionPolicyCommand({ ...group, retentionInDays: 14 })).then(() => 'kept'),
      ),
      await outcome(
        logs
          .send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws' }))
          .then(({ logGroups }) => logGroups?.map((one) => [one.logGroupName, one.retentionInDays])),
      ),
    ];
  },

  async 'CloudWatch statistics and alarms'({ cloudwatch }) {
    const at = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 60_000);
    const metric = { Namespace: 'Test', MetricName: 'Latency' };
    const Dimensions = [{ Name: 'Model', Value: 'spam' }];
    for (const Value of [1, 2, 4])
      await cloudwatch.send(
        new PutMetricDataCommand({
          Namespace: metric.Namespace,
          MetricData: [{ MetricName: metric.MetricName, Dimensions, Value, Timestamp: at }],
        }),
      );
    const { Datapoints } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        ...metric,
        Dimensions,
        StartTime: at,
        EndTime: new Date(at.getTime() + 60_000),
        Period: 60,
        Statistics: ['Sum', 'Minimum', 'Maximum', 'SampleCount'],
      }),
    );
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        ...metric,
        Dimensions,
        AlarmName: 'slow',
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 2,
        Threshold: 3,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: ['slow'] }));
    return [
      Datapoints?.map(({ Sum, Minimum, Maximum, SampleCount }) => [Sum, Minimum, Maximum, SampleCount]),
      MetricAlarms?.map((alarm) => [
        alarm.AlarmName,
        alarm.Namespace,
        alarm.MetricName,
        alarm.Dimensions,
        alarm.Statistic,
        alarm.Threshold,
        alarm.ComparisonOperator,
      ]),
    ];
  },
};

describe.skipIf(noMoto)(`agrees with moto (${noMoto ?? 'real moto_server'})`, () => {
  let aws: LocalAws;
  let moto: { url: string; close(): Promise<void> };
  let ours: Clients;
  let theirs: Clients;
  beforeAll(async () => {
    [aws, moto] = await Promise.all([startLocalAws(), startMoto()]);
    ours = connect(aws.url, aws.credentials);
    theirs = connect(moto.url, aws.credentials);
  });
  afterAll(async () => {
    await aws?.close();
    await moto?.close();
  });

  it.each(Object.entries(scenarios))('%s', async (_name, run) => {
    expect(await run(ours)).toEqual(await run(theirs));
  });
});
