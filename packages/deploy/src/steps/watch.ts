import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { Patience } from '../aws/patience.ts';
import { AlarmRaised, RequestError } from '../errors.ts';

/** Reads alarms; throws if one is in ALARM or not there. @throws AlarmRaised, RequestError */
export async function checkAlarms(
  patience: Patience,
  cloudwatch: CloudWatchClient | undefined,
  names: string[],
): Promise<void> {
  if (names.length === 0) return;
  if (!cloudwatch) throw new RequestError('Alarms were named, but no CloudWatch client was given');
  const { MetricAlarms = [], CompositeAlarms = [] } = await patience.call('DescribeAlarms', (options) =>
    cloudwatch.send(
      new DescribeAlarmsCommand({ AlarmNames: names, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
      options,
    ),
  );
  const alarms = [...MetricAlarms, ...CompositeAlarms];
  for (const name of names) {
    const alarm = alarms.find(({ AlarmName }) => AlarmName === name);
    if (!alarm)
      throw new RequestError(
        `There is no alarm "${name}" in this account and region`,
        'Without it nothing would watch the new version: create the alarm, or take its name out.',
      );
    if (alarm.StateValue === 'ALARM')
      throw new AlarmRaised(
        `The alarm ${name} is raised${alarm.StateReason ? `: ${alarm.StateReason}` : ''}`,
        'No traffic stays on the new version while it is. See to the alarm, then run this step again.',
      );
  }
}
