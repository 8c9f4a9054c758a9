/**
 * ONNX Runtime since 1.29 tells its maker of every session over HTTPS, keeps a device id and a cache of what it could not send,
 * all unless this is set before it is loaded. Import this file before the package. Nothing here needs a network or tells anybody.
 */
process.env.ORT_DISABLE_TELEMETRY = "1";
