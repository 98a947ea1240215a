// Since 1.29 ONNX Runtime tells its maker about each model and machine unless this is set before it is loaded, so this
// file is imported ahead of it.
process.env.ORT_DISABLE_TELEMETRY ??= '1';
