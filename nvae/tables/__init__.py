"""The tables that analyses write and that figures and claims read: their schemas, one reader, joining and splitting."""
