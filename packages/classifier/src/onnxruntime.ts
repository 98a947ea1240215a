/**
 * Loads ONNX Runtime, which only who runs a model pays for. Since 1.29 it tells its maker about each model and machine
 * unless this is set before it is loaded.
 */
export function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  return import('onnxruntime-node');
}
