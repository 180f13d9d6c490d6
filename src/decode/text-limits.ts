/** Longest sid, name or number. As a DynamoDB key it is at most 768 bytes, under every limit. Unit: characters. */
export const TEXT_MAX_CHARS = 256;
/** Longest user-chosen name or error message. Unit: characters. */
export const LONG_TEXT_MAX_CHARS = 1_024;
