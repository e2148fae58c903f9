-- Counts the sealed values by the key that sealed them (the id in SEALING_KEY). Run it with psql as the owner of the schema.
-- It reads every row once and opens no sealed value.
-- A sealed value begins with a format byte, the length of the key's id, and the id.
SET statement_timeout = 0;
SELECT key_id, place, count(*) AS sealed
FROM (
    SELECT 'documents.result' AS place, result AS value FROM documents
    UNION ALL SELECT 'documents.ocr_text', ocr_text FROM documents
    UNION ALL SELECT 'profiles.full_name', full_name FROM profiles
    UNION ALL SELECT 'profiles.phone', phone FROM profiles
    UNION ALL SELECT 'manual_reviews.notes', notes FROM manual_reviews
    UNION ALL SELECT 'refresh_tokens.successor', successor FROM refresh_tokens
    UNION ALL SELECT 'idempotency_keys.response', response FROM idempotency_keys
) AS sealed_values
CROSS JOIN LATERAL (SELECT convert_from(substring(value FROM 3 FOR get_byte(value, 1)), 'UTF8') AS key_id) AS header
WHERE value IS NOT NULL
GROUP BY key_id, place
ORDER BY key_id, place;
