/** The one account and region this server stands in for, and the keys it accepts. */
export const account = '000000000000';
export const region = 'us-east-1';
export const accessKeyId = 'AKIALOCALLOCALLOCAL0';
export const secretAccessKey = 'local-secret-that-protects-nothing';
