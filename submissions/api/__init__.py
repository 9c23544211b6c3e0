"""The API of submissions: serializers and filters. Its addresses are in grading.api."""
